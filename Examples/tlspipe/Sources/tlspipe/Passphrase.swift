import ArgumentParser

/// The passphrase of a private key, read from a file, because every user of the machine can read a command line.
enum Passphrase {
  /// Reads the first line of a file without its end (LF or CR LF), as `openssl -passin file:` does.
  ///
  /// - Throws: `ExitCode` after naming the file, if it contains no passphrase.
  static func read(_ file: NamedFile) throws -> String {
    let bytes = try file.readSecret()
    var line = bytes.prefix { $0 != UInt8(ascii: "\n") }
    if line.last == UInt8(ascii: "\r"), line.count < bytes.count { line = line.dropLast() }
    if line.isEmpty { throw file.refused("its first line is empty; a passphrase is expected") }
    if line.contains(0) { throw file.refused("the passphrase holds a NUL byte, which libcrypto cannot take") }
    guard let text = String(validating: line, as: UTF8.self) else {
      throw file.refused("the passphrase is not UTF-8 text")
    }
    return text
  }
}
