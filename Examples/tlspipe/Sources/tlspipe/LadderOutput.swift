import SansIOTLS
import SansIOTLSTrace
import SansIOTLSTransports

/// The picture of a connection, and where it goes.
struct LadderOutput: ~Copyable {
  private let target: LadderTarget
  private let file: OutputFile?
  private var ladder: Ladder

  /// - Throws: `ExitCode` after saying so, if the file cannot be opened.
  init(_ target: LadderTarget, _ side: TLSRole) throws {
    self.target = target
    ladder = Ladder(title: "tlspipe \(side)")
    switch target {
    case .standardError: file = nil
    case .file(let path): file = try OutputFile(NamedFile("--ladder", path), isSecret: false)
    }
  }

  mutating func note(_ side: TLSRole, _ engine: inout TLSEngine) { ladder.note(side, &engine) }

  /// Draws it.
  ///
  /// - Returns: whether it is all there.
  func finish() -> Bool {
    let picture = target.isSVG ? ladder.svg() : ladder.text()
    switch target {
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
