import ArgumentParser
import SansIOTLS

/// The pre-shared keys, read from a file, because every user of the machine can read a command line.
struct PreSharedKeyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Use the pre-shared keys of this file and no certificates: each line is IDENTITY:KEY, the key in hexadecimal, as "
        + "psktool writes them. A client has one; a server serves the clients of all.", valueName: "file"))
  var pskFile: String?

  @Option(help: "The hash that the pre-shared keys belong to in TLS 1.3; sha256 by default.")
  var pskHash: Hash?

  /// The values of --psk-hash.
  enum Hash: String, ExpressibleByArgument, CaseIterable {
    case sha256
    case sha384

    var value: TLSPreSharedKey.Hash { self == .sha256 ? .sha256 : .sha384 }
  }

  func check() throws {
    if pskHash != nil, pskFile == nil { throw ValidationError("--psk-hash is for --psk-file") }
  }

  /// Reads the keys.
  ///
  /// - Returns: nothing without --psk-file.
  /// - Throws: `ExitCode` after naming the file and the line.
  func keys() throws -> [TLSPreSharedKey] {
    guard let pskFile else { return [] }
    let file = NamedFile("--psk-file", pskFile)
    var bytes = try file.readSecret()
    defer { for index in bytes.indices { bytes[index] = 0 } }
    var keys: [TLSPreSharedKey] = []
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      if !text.isEmpty { keys.append(try key(of: text, in: file, line: index + 1)) }
    }
    if keys.isEmpty { throw file.refused("no pre-shared key in it; a line is IDENTITY:KEY, the key in hexadecimal") }
    return keys
  }

  /// The key is never in an error.
  private func key(of line: ArraySlice<UInt8>, in file: NamedFile, line number: Int) throws -> TLSPreSharedKey {
    // An identity may contain colons; the hexadecimal key has none.
    guard let colon = line.lastIndex(of: UInt8(ascii: ":")) else {
      throw file.refused("line \(number) has no colon; IDENTITY:KEY is expected")
    }
    let digits = line[line.index(after: colon)...]
    guard var key = [UInt8](hexadecimal: digits) else {
      throw file.refused("the key in line \(number) is not hexadecimal: two digits for each byte")
    }
    defer { for index in key.indices { key[index] = 0 } }
    do throws(TLSError) {
      return try TLSPreSharedKey(identity: Array(line[..<colon]), key: key, hash: (pskHash ?? .sha256).value)
    } catch {
      throw file.refused("line \(number): \(error.hint) (\(error.code))")
    }
  }
}
