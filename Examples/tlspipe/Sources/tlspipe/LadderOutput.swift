import ArgumentParser
import SansIOTLS
import SansIOTLSTrace
import SansIOTLSTransports

/// The ladder of a connection and its destination.
struct LadderOutput: ~Copyable {
  /// The destination of a ladder.
  enum Destination: ExpressibleByArgument, CustomStringConvertible {
    /// Text on standard error.
    case standardError
    /// A file, with SVG if its name ends in `.svg`, otherwise with text.
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

  private let destination: Destination
  private let file: OutputFile?
  private var ladder: Ladder

  /// Opens the destination.
  ///
  /// - Throws: `ExitCode` after reporting that the file cannot be opened.
  init(_ destination: Destination, _ side: TLSRole) throws {
    self.destination = destination
    ladder = Ladder(title: "tlspipe \(side)")
    switch destination {
    case .standardError: file = nil
    case .file(let path): file = try OutputFile(NamedFile("--ladder", path), isSecret: false)
    }
  }

  mutating func note(_ side: TLSRole, _ engine: inout TLSEngine) { ladder.note(side, &engine) }

  /// Writes the ladder.
  ///
  /// - Returns: whether all of it was written.
  func finish() -> Bool {
    let picture = destination.isSVG ? ladder.svg() : ladder.text()
    switch destination {
    case .standardError: return StandardError.write(picture)
    case .file(let path):
      do throws(TransportError) {
        try file?.write(Array(picture.utf8))
        return true
      } catch {
        StandardError.say("\(NamedFile("--ladder", path)): cannot write it: \(NamedFile.reason(error.number))")
        return false
      }
    }
  }
}
