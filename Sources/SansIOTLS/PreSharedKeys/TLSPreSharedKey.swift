/// A key that both sides know before they connect, and prove to each other in place of certificates: an external
/// pre-shared key of TLS 1.3 (RFC 8446, section 4.2.11), which the suites for pre-shared keys of TLS 1.2 use too
/// (RFC 4279).
///
/// The identity names the key, and crosses the network in plaintext. Anyone who holds the key can be either side, so
/// a key should belong to one client and one server. It must be random: one that is derived from a password can be
/// guessed by anyone who records a single connection.
///
/// Corresponds to `SSL_CTX_set_psk_use_session_callback(3)` and `SSL_CTX_set_psk_find_session_callback(3)`.
public struct TLSPreSharedKey: Sendable {
  /// The hash that a key belongs to. A connection in TLS 1.3 uses a cipher suite of the same hash; in TLS 1.2 it has no
  /// effect.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum Hash: Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// SHA-256, with suites such as `TLS_AES_128_GCM_SHA256`. The hash of a key that names none.
    case sha256
    /// SHA-384, with `TLS_AES_256_GCM_SHA384`.
    case sha384

    /// The name of the hash, for example `SHA-256`.
    public var description: String {
      switch self {
      case .sha256: "SHA-256"
      case .sha384: "SHA-384"
      }
    }
  }

  /// The name of the key, as it is sent; it is not secret.
  public let identity: [UInt8]
  /// The hash that the key belongs to.
  public let hash: Hash
  let secret: PreSharedSecret

  /// The greatest length of an identity, in bytes.
  public static let maximumIdentityByteCount = 256
  /// The lengths that a key may have, in bytes.
  public static let keyByteCounts = 16...256

  /// Creates a pre-shared key. The bytes of the key are copied; the copy is zeroed when its last user releases it.
  ///
  /// - Parameters:
  ///   - identity: the name of the key, 1 to 256 bytes. TLS 1.2 takes no zero byte in it.
  ///   - key: the key, 16 to 256 random bytes.
  ///   - hash: the hash that the key belongs to; a key that was agreed on without one belongs to SHA-256.
  /// - Throws: ``TLSError`` with code `.invalidPreSharedKey` for a length out of range.
  public init(identity: [UInt8], key: [UInt8], hash: Hash = .sha256) throws(TLSError) {
    guard (1...Self.maximumIdentityByteCount).contains(identity.count) else {
      throw TLSError(
        .invalidPreSharedKey, .misuse,
        hint: "the identity of a pre-shared key has \(identity.count) bytes; give 1 to "
          + "\(Self.maximumIdentityByteCount)")
    }
    guard Self.keyByteCounts.contains(key.count) else {
      throw TLSError(
        .invalidPreSharedKey, .misuse,
        hint: "a pre-shared key of \(key.count) bytes; give \(Self.keyByteCounts.lowerBound) to "
          + "\(Self.keyByteCounts.upperBound) random ones")
    }
    self.identity = identity
    self.hash = hash
    secret = PreSharedSecret(identity: identity, key: key)
  }

  /// Creates a pre-shared key whose identity is a text.
  ///
  /// - Parameters:
  ///   - identity: the name of the key, 1 to 256 bytes in UTF-8.
  ///   - key: the key, 16 to 256 random bytes.
  ///   - hash: the hash that the key belongs to.
  /// - Throws: ``TLSError`` with code `.invalidPreSharedKey` for a length out of range.
  public init(identity: String, key: [UInt8], hash: Hash = .sha256) throws(TLSError) {
    try self.init(identity: Array(identity.utf8), key: key, hash: hash)
  }
}

extension TLSPreSharedKey: Hashable {
  /// Whether identity, hash and key are equal. The time of the comparison does not depend on where keys differ.
  public static func == (left: TLSPreSharedKey, right: TLSPreSharedKey) -> Bool {
    left.identity == right.identity && left.hash == right.hash && left.secret.hasSameKey(as: right.secret)
  }

  /// Hashes what is not secret: the identity and the hash.
  ///
  /// - Parameter hasher: the hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(identity)
    hasher.combine(hash)
  }
}

extension TLSPreSharedKey: CustomStringConvertible, CustomReflectable {
  /// The identity and the hash; never the key.
  public var description: String {
    "TLSPreSharedKey(\(String(decoding: identity, as: UTF8.self).printable), \(hash))"
  }

  /// The identity and the hash; never the key.
  public var customMirror: Mirror { Mirror(self, children: ["identity": identity, "hash": hash]) }
}
