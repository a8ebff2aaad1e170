/// An alert of the TLS protocol (RFC 8446, section 6): the reason that one side sends to the other before it stops.
///
/// Corresponds to `SSL_alert_desc_string_long(3)`.
public struct TLSAlert: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The alert description's number on the wire.
  public let rawValue: UInt8

  /// Wraps an alert number.
  ///
  /// - Parameter rawValue: the alert description, 0 to 255.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The sender will send no more (0).
  public static let closeNotify = TLSAlert(rawValue: 0)
  /// A message that does not fit the state (10).
  public static let unexpectedMessage = TLSAlert(rawValue: 10)
  /// A record that does not decrypt (20).
  public static let badRecordMAC = TLSAlert(rawValue: 20)
  /// No acceptable set of parameters (40).
  public static let handshakeFailure = TLSAlert(rawValue: 40)
  /// A certificate was corrupt, or its signature wrong (42).
  public static let badCertificate = TLSAlert(rawValue: 42)
  /// A certificate of a kind that is not supported (43).
  public static let unsupportedCertificate = TLSAlert(rawValue: 43)
  /// A certificate was revoked by its issuer (44).
  public static let certificateRevoked = TLSAlert(rawValue: 44)
  /// A certificate has expired or is not yet valid (45).
  public static let certificateExpired = TLSAlert(rawValue: 45)
  /// A certificate is not acceptable for another reason (46).
  public static let certificateUnknown = TLSAlert(rawValue: 46)
  /// A field is out of range or inconsistent (47).
  public static let illegalParameter = TLSAlert(rawValue: 47)
  /// No trusted authority issued the chain (48).
  public static let unknownCA = TLSAlert(rawValue: 48)
  /// The certificate is valid, and access is refused (49).
  public static let accessDenied = TLSAlert(rawValue: 49)
  /// A message could not be decoded (50).
  public static let decodeError = TLSAlert(rawValue: 50)
  /// A handshake's cryptographic check failed (51).
  public static let decryptError = TLSAlert(rawValue: 51)
  /// The peer's protocol version is not supported (70).
  public static let protocolVersion = TLSAlert(rawValue: 70)
  /// The parameters are less secure than the server demands (71).
  public static let insufficientSecurity = TLSAlert(rawValue: 71)
  /// An error that has nothing to do with the peer (80).
  public static let internalError = TLSAlert(rawValue: 80)
  /// A client that fell back to an older version than both sides have (86, RFC 7507).
  public static let inappropriateFallback = TLSAlert(rawValue: 86)
  /// The handshake is given up for a reason outside of the protocol (90).
  public static let userCanceled = TLSAlert(rawValue: 90)
  /// Renegotiation is refused (100, TLS 1.2).
  public static let noRenegotiation = TLSAlert(rawValue: 100)
  /// No server is known by the name asked for (112).
  public static let unrecognizedName = TLSAlert(rawValue: 112)
  /// An OCSP staple that is not acceptable, or missing (113, RFC 6066).
  public static let badCertificateStatusResponse = TLSAlert(rawValue: 113)
  /// A server has no pre-shared key of the client's identity (115, RFC 4279).
  public static let unknownPSKIdentity = TLSAlert(rawValue: 115)
  /// The server demands a client certificate (116, TLS 1.3).
  public static let certificateRequired = TLSAlert(rawValue: 116)
  /// No application protocol in common (120, RFC 7301).
  public static let noApplicationProtocol = TLSAlert(rawValue: 120)

  private static let names: [UInt8: String] = [
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
    30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
    60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
    86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
    116: "certificate_required", 120: "no_application_protocol",
  ]

  /// The alert's name as in the RFCs, for example `unknown_ca`.
  public var description: String { Self.names[rawValue] ?? "alert \(rawValue)" }
}
