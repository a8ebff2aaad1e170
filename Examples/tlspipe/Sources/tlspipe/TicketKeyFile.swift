import ArgumentParser
import SansIOTLS

/// The file of `--ticket-keys`: a secret in each line, in hexadecimal digits, the current one first.
enum TicketKeyFile {
  /// Reads the secrets.
  ///
  /// - Throws: `ExitCode` after naming the file and the line, never its contents.
  static func keys(_ path: String) throws -> TLSTicketKeys {
    let file = NamedFile("--ticket-keys", path)
    let bytes = try file.readSecret()
    var secrets: [[UInt8]] = []
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      let digits = line.filter { $0 != UInt8(ascii: "\r") }
      if digits.isEmpty { continue }
      guard digits.count >= 64, let secret = [UInt8](hexadecimal: digits) else {
        throw file.refused(
          "line \(index + 1) has no secret of 64 hexadecimal digits or more; openssl rand -hex 32 makes one")
      }
      secrets.append(secret)
    }
    guard let current = secrets.first else {
      throw file.refused("it holds no secret; openssl rand -hex 32 makes one")
    }
    do throws(TLSError) { return try TLSTicketKeys(current: current, previous: Array(secrets.dropFirst())) } catch {
      throw file.refused(error.hint)
    }
  }
}
