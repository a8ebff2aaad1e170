/// Whether a client asks the server for an OCSP staple: a statement of the certificate's issuer that it has not been
/// revoked (RFC 6066, section 8).
///
/// A staple that the server sends is always verified: it must be signed by the certificate's issuer or a responder that
/// the issuer authorised, be about the server's certificate, be in date at the time of verification, and state the
/// status good. Five minutes of difference between the clocks are tolerated. A staple without an end (nextUpdate) is
/// refused. What fails ends the handshake with the alert bad_certificate_status_response, whatever the answer to
/// ``TLSEngine/Question/peerCertificates(_:)`` was.
///
/// Corresponds to `SSL_set_tlsext_status_type(3)`.
#if hasAttribute(nonexhaustive)
  @nonexhaustive
#endif
public enum TLSStapling: Sendable, Hashable {
  /// The server is not asked.
  case off
  /// The server is asked; one that sends none is accepted, unless its certificate requires a staple (must-staple,
  /// RFC 7633).
  case requested
  /// The server must send one.
  case required
}
