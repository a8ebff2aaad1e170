/// The reasons of this library's own checks to refuse a peer's certificate, beyond those of libcrypto. The numbers
/// continue libcrypto's `X509_V_…` and are far from them, so that one field holds both; libssl answers a number that it
/// does not know by the alert certificate_unknown.
enum OwnRefusal: Int, Error, CaseIterable {
  case pinMismatch = 10_001
  case stapleMissing = 10_101
  case stapleMalformed = 10_102
  case stapleOfAnotherCertificate = 10_103
  case stapleUntrusted = 10_104
  case stapleExpired = 10_105
  case stapleNotYetValid = 10_106
  case stapleRevoked = 10_107
  case stapleUnknown = 10_108

  /// The reason as libcrypto would state it.
  var text: String {
    switch self {
    case .pinMismatch: "no pinned key in the chain"
    case .stapleMissing: "OCSP staple missing"
    case .stapleMalformed: "OCSP staple malformed"
    case .stapleOfAnotherCertificate: "OCSP staple of another certificate"
    case .stapleUntrusted: "OCSP staple of an untrusted signer"
    case .stapleExpired: "OCSP staple has expired"
    case .stapleNotYetValid: "OCSP staple is not yet valid"
    case .stapleRevoked: "certificate revoked, by its OCSP staple"
    case .stapleUnknown: "certificate unknown to the OCSP responder"
    }
  }

  var code: TLSError.Code {
    switch self {
    case .pinMismatch: .pinMismatch
    case .stapleMissing: .stapleMissing
    case .stapleMalformed: .stapleMalformed
    case .stapleOfAnotherCertificate: .stapleOfAnotherCertificate
    case .stapleUntrusted: .stapleUntrusted
    case .stapleExpired: .stapleExpired
    case .stapleNotYetValid: .stapleNotYetValid
    case .stapleRevoked: .certificateRevoked
    case .stapleUnknown: .certificateStatusUnknown
    }
  }

  /// The cause and the remedy, for an error's hint.
  var advice: String {
    switch self {
    case .pinMismatch:
      "none of the keys in its chain is pinned; if the peer changed its key, pin the new one, and a backup in advance"
    case .stapleMissing:
      "the server sent no OCSP staple, and the configuration or the certificate (must-staple) requires one"
    case .stapleMalformed: "the OCSP staple is no successful response with dates; renew it at the server"
    case .stapleOfAnotherCertificate: "the OCSP staple is about another certificate; correct it at the server"
    case .stapleUntrusted: "the OCSP staple is not signed by the certificate's issuer or a responder that it authorised"
    case .stapleExpired: "the OCSP staple has expired; renew it at the server, or correct the clock"
    case .stapleNotYetValid: "the OCSP staple is not valid yet; correct the clock"
    case .stapleRevoked: "its issuer has revoked it, as the OCSP staple states; replace certificate and key"
    case .stapleUnknown: "its issuer's OCSP responder does not know it"
    }
  }
}
