import ArgumentParser

/// The destination of `--ladder`.
enum LadderTarget: ExpressibleByArgument, CustomStringConvertible {
  /// As text.
  case standardError
  /// As SVG if the name says so, else as text.
  case file(String)

  init?(argument: String) { self = .file(argument) }

  var isSVG: Bool { description.hasSuffix(".svg") }

  var description: String {
    switch self {
    case .standardError: "standard error"
    case .file(let path): path
    }
  }
}
