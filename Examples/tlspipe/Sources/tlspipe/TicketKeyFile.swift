import ArgumentParser
import SansIOTLS

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The file of `--ticket-keys`: a secret in each line, in hexadecimal digits, the current one first.
enum TicketKeyFile {
  /// Reads the secrets.
  ///
  /// - Throws: `ExitCode` after naming the file and the line, never its contents.
  static func keys(_ path: String) throws -> TLSTicketKeys {
    let file = NamedFile("--ticket-keys", path)
    let descriptor = try file.open(O_RDONLY, because: "read")
    defer { close(descriptor) }
    if let mode = NamedFile.permissions(of: descriptor), mode & 0o077 != 0 {
      StandardError.say(
        "warning: \(file): others can use it (mode \(String(mode, radix: 8))); chmod 600 makes it its owner's alone")
    }
    let bytes = try file.contents(of: descriptor)
    var secrets: [[UInt8]] = []
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      let digits = line.filter { $0 != UInt8(ascii: "\r") }
      if digits.isEmpty { continue }
      guard let secret = secret(digits) else {
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

  private static func secret(_ digits: [UInt8]) -> [UInt8]? {
    guard digits.count >= 64, digits.count.isMultiple(of: 2) else { return nil }
    var secret: [UInt8] = []
    for start in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[start]), let low = value(digits[start + 1]) else { return nil }
      secret.append(high << 4 | low)
    }
    return secret
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
