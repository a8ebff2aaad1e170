/// A statement of a log of certificates that it will publish a certificate. Its signature is not verified here: that
/// takes the log's key.
///
/// Corresponds to RFC 6962, section 3.2.
public struct TLSSignedCertificateTimestamp: Sendable, Hashable {
  /// The SHA-256 of the log's key, 32 bytes.
  public let logID: [UInt8]
  /// The time at which the log received the certificate, in milliseconds since 1970.
  public let timestamp: UInt64
  /// The whole statement, from its version to its signature: what a verifier takes.
  public let bytes: [UInt8]

  /// Reads one statement of version 1.
  ///
  /// - Parameter bytes: the statement and nothing after it.
  /// - Returns: `nil` for another version, and for malformed bytes.
  public init?(bytes: [UInt8]) {
    // Version, log, time, extensions, algorithms, signature.
    var rest = bytes[...]
    guard rest.popFirst() == 0, rest.count >= 40 else { return nil }
    logID = Array(rest.prefix(32))
    timestamp = rest.dropFirst(32).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    rest = rest.dropFirst(40)
    guard Self.field(&rest) != nil, rest.count >= 2 else { return nil }
    rest = rest.dropFirst(2)
    guard Self.field(&rest) != nil, rest.isEmpty else { return nil }
    self.bytes = bytes
  }

  /// Reads a list of statements, as a certificate, a stapled response or an extension of TLS contains it. Those of
  /// another version are passed over.
  ///
  /// - Parameter bytes: the list with its length.
  /// - Returns: the statements; empty for a malformed list.
  public static func list(_ bytes: [UInt8]) -> [TLSSignedCertificateTimestamp] {
    var rest = bytes[...]
    guard var list = field(&rest), rest.isEmpty else { return [] }
    var statements: [TLSSignedCertificateTimestamp] = []
    while !list.isEmpty {
      guard let statement = field(&list) else { return [] }
      if let timestamp = TLSSignedCertificateTimestamp(bytes: Array(statement)) { statements.append(timestamp) }
    }
    return statements
  }

  /// Removes bytes that follow their length of two bytes from the front.
  private static func field(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard rest.count >= 2 else { return nil }
    let count = rest.prefix(2).reduce(0) { $0 << 8 | Int($1) }
    guard rest.count >= 2 + count else { return nil }
    defer { rest = rest.dropFirst(2 + count) }
    return rest.dropFirst(2).prefix(count)
  }
}
