/// The bytes that a private key is to sign for a handshake.
public struct TLSSignatureRequest: Sendable, Hashable {
  /// The signature scheme. In TLS 1.2 the number is a pair of hash and signature algorithm, so that a scheme whose name
  /// contains a curve stands for ECDSA with this hash on the curve of the key.
  public let scheme: TLSSignatureScheme
  /// The bytes to sign, before any hash: in TLS 1.3 130 to 146 bytes, in TLS 1.2 the randoms and parameters of a key
  /// exchange, or a client's whole handshake so far. They hold nothing secret.
  public let bytes: [UInt8]

  /// Creates a request, for tests of what signs.
  ///
  /// - Parameters:
  ///   - scheme: the signature scheme.
  ///   - bytes: the bytes to sign, before any hash.
  public init(scheme: TLSSignatureScheme, bytes: [UInt8]) {
    self.scheme = scheme
    self.bytes = bytes
  }
}
