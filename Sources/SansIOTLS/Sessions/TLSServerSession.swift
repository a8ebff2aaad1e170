/// A session of a server, for a store of its application: an identifier that the client brings back, and the bytes to
/// keep under it.
///
/// See ``TLSContext/Configuration/Resumption/applicationStore(count:timing:lifetime:)``.
///
/// Corresponds to `SSL_SESSION` and `i2d_SSL_SESSION(3)`.
public struct TLSServerSession: Sendable, Hashable {
  /// The identifier, 32 random bytes: the key of the store. Anyone who observes a connection in TLS 1.2 can read it.
  public let identifier: [UInt8]
  /// The session, as libssl encodes it, for ``init(bytes:)`` in this process or another.
  ///
  /// They contain the secret in plaintext: anyone who reads them can decrypt connections in TLS 1.2 that resume the
  /// session, and impersonate either side of it; anyone who writes them decides who its client is. Keep them as private
  /// keys are kept, also on the way to the store, and no longer than ``lifetime``.
  public let bytes: [UInt8]
  /// The seconds from its creation during which it is accepted.
  public let lifetime: Int64

  init(identifier: [UInt8], bytes: [UInt8], lifetime: Int64) {
    self.identifier = identifier
    self.bytes = bytes
    self.lifetime = lifetime
  }

  /// "SITS", the version of this format, and a digest of what follows, which is libssl's encoding: it finds damage.
  static let mark: [UInt8] = [0x53, 0x49, 0x54, 0x53, 1]
  /// A client's certificate has room in it.
  static let limit = 256 * 1024

  /// libssl's part.
  var encoding: ArraySlice<UInt8> { bytes.dropFirst(Self.mark.count + SHA256.size) }

  static func envelope(of encoding: [UInt8]) -> [UInt8] { mark + SHA256.digest(of: encoding[...]) + encoding }

  /// Returns libssl's part of bytes that ``bytes`` had.
  static func encoding(in bytes: [UInt8]) throws(TLSError) -> ArraySlice<UInt8> {
    func fault(_ what: String) -> TLSError {
      TLSError(.invalidSession, .local, hint: "the stored session \(what); answer without it")
    }
    guard bytes.count <= limit else { throw fault("has more than \(limit) bytes") }
    var rest = bytes[...]
    guard rest.removeBytes(mark.count)?.elementsEqual(mark) == true else { throw fault("is none of this library") }
    guard let digest = rest.removeBytes(SHA256.size), SHA256.digest(of: rest).elementsEqual(digest) else {
      throw fault("is damaged")
    }
    return rest
  }
}

extension TLSServerSession: CustomStringConvertible {
  /// The number of bytes; never the secret.
  public var description: String { "TLSServerSession(\(bytes.count) bytes)" }
}

extension TLSServerSession: CustomReflectable {
  /// Without parts, so that a dump shows no secret.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
