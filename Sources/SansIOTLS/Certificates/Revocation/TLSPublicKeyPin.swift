/// A pinned public key: the SHA-256 digest of a certificate's SubjectPublicKeyInfo, as RFC 7469 defines it. A renewed
/// certificate for the same key has the same pin.
public struct TLSPublicKeyPin: Sendable, Hashable {
  /// The digest, 32 bytes.
  public let sha256: [UInt8]

  /// Wraps a digest.
  ///
  /// - Parameter sha256: the SHA-256 of the SubjectPublicKeyInfo in DER form, 32 bytes.
  /// - Throws: ``TLSError`` with code `.invalidArgument` for another length.
  public init(sha256: [UInt8]) throws(TLSError) {
    guard sha256.count == 32 else {
      throw TLSError(
        .invalidArgument, .misuse, hint: "a pin is a SHA-256 digest of 32 bytes, and this has \(sha256.count)")
    }
    self.sha256 = sha256
  }

  /// Reads a pin in text form.
  ///
  /// - Parameter text: the digest in base64 with padding, 44 characters, as in `pin-sha256` of RFC 7469; `sha256/` or
  ///   `sha256//` may precede it.
  /// - Throws: ``TLSError`` with code `.invalidArgument` for anything else.
  public init(_ text: String) throws(TLSError) {
    // The digits are counted from the end: the first of them may be a slash too.
    let prefix = text.utf8.dropLast(44)
    guard ["", "sha256/", "sha256//"].contains(where: { prefix.elementsEqual($0.utf8) }),
      let sha256 = Base64.decode(text.utf8.suffix(44)), sha256.count == 32
    else {
      throw TLSError(
        .invalidArgument, .misuse,
        hint: "a pin is the base64 of a SHA-256 digest: 44 characters, with sha256/ before them or not")
    }
    self.sha256 = sha256
  }
}

extension TLSPublicKeyPin: CustomStringConvertible {
  /// The pin as `sha256/` and base64, in the form that ``init(_:)`` reads.
  public var description: String { "sha256/" + Base64.encode(sha256) }
}
