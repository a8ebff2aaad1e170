/// An OCSP staple as a value: the status of a certificate as its issuer, or a responder of it, stated it (RFC 6960).
///
/// What an engine returns has been verified; see ``TLSStapling``.
public struct TLSStaple: Sendable, Hashable {
  /// The status of a certificate.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum Status: Sendable, Hashable {
    /// Not revoked.
    case good
    /// Revoked at a time, in seconds since 1970; the reason is the number of RFC 5280, section 5.3.1, `nil` if none is
    /// stated.
    case revoked(at: Int64, reason: Int?)
    /// The responder does not know the certificate.
    case unknown
  }

  /// The signer of a response, as it names itself.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum Responder: Sendable, Hashable {
    /// Its subject's name.
    case name(TLSDistinguishedName)
    /// The SHA-1 of its key, 20 bytes.
    case keyHash([UInt8])
  }

  /// The status.
  public let status: Status
  /// The time at which the status was known to be right, in seconds since 1970.
  public let thisUpdate: Int64
  /// The time by which newer information will be available, in seconds since 1970; `nil` if there is none.
  public let nextUpdate: Int64?
  /// The time of the signature, in seconds since 1970.
  public let producedAt: Int64
  /// The signer.
  public let responder: Responder
  /// The whole response in DER form.
  public let der: [UInt8]

  /// Creates a staple, for tests of what shows or judges it.
  ///
  /// - Parameters:
  ///   - status: the status.
  ///   - thisUpdate: when the status was known to be right, in seconds since 1970.
  ///   - nextUpdate: when newer information will be available, in seconds since 1970.
  ///   - producedAt: when it was signed, in seconds since 1970.
  ///   - responder: the signer.
  ///   - der: the response in DER form.
  public init(
    status: Status, thisUpdate: Int64, nextUpdate: Int64?, producedAt: Int64, responder: Responder, der: [UInt8] = []
  ) {
    self.status = status
    self.thisUpdate = thisUpdate
    self.nextUpdate = nextUpdate
    self.producedAt = producedAt
    self.responder = responder
    self.der = der
  }
}

extension TLSStaple: CustomStringConvertible {
  /// The status and the dates in seconds since 1970.
  public var description: String {
    "TLSStaple(\(status), thisUpdate: \(thisUpdate), nextUpdate: \(nextUpdate.map { "\($0)" } ?? "none"))"
  }
}
