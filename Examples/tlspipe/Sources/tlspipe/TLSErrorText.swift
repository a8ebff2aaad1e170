import SansIOTLS

/// TLS errors and warnings for a command line.
///
/// The library's hints advise its callers by names of its interface, which a user of this program does not know. These
/// texts name options and files instead.
enum TLSErrorText {
  /// One line: the error and its remedy, the verification result, the alerts, libssl's error text, and last the error's
  /// code, which is stable if the text changes.
  static func line(_ error: TLSError, isHandshakeDone: Bool = false) -> String {
    var parts = [sentence(error, isHandshakeDone: isHandshakeDone)]
    if let check = error.verification { parts.append("certificate check: \(check)") }
    if let alert = error.alertReceived { parts.append("alert received: \(alert)") }
    if let alert = error.alertSent { parts.append("alert sent: \(alert)") }
    if !error.openSSLErrors.isEmpty {
      parts.append("libssl: " + error.openSSLErrors.map(\.description).joined(separator: " | "))
    }
    return parts.joined(separator: "; ") + " (\(error.code))"
  }

  static func warning(_ warning: TLSContext.Warning) -> String { warning.description }

  private static func sentence(_ error: TLSError, isHandshakeDone: Bool) -> String {
    switch error.code {
    case .limitExceeded where !isHandshakeDone:
      "the peer's handshake is larger than this program takes"
    case .limitExceeded:
      "the peer sent more messages without data than this program takes in a row"
    case .missingTrustRoots:
      "no authority is trusted, so that no certificate can be checked; name authorities by --ca FILE"
    case .preSharedKeyIgnored:
      "the server continues by a certificate: it does not know the identity of the key in --psk-file, or has it with "
        + "another hash (--psk-hash)"
    case .wrongPreSharedKey:
      "the peer has another key for this identity; compare the keys of both sides, and their hashes (--psk-hash)"
    case .earlyDataNotUnderstood:
      "the server does not understand early data any more; repeat the command: --session offers the session only once"
    case .certificateRejected:
      if let check = error.verification {
        "the peer's certificate is not accepted: \(advice(check.code))"
      } else {
        error.hint
      }
    default:
      error.hint
    }
  }

  /// - Parameter code: an `X509_V_ERR_` number of X509_STORE_CTX_get_error(3).
  private static func advice(_ code: Int) -> String {
    switch code {
    case 2, 18, 19, 20, 21:
      "no trusted authority issued it; name its authority by --ca FILE, or have the peer send the intermediate "
        + "certificates"
    case 10: "it has expired; have it renewed, or set this machine's clock right"
    case 9: "it is not valid yet; set this machine's clock right"
    case 62: "it does not name the server asked for; check --server-name"
    case 64: "it does not name the address asked for; check --server-name"
    case 26, 79: "it is not meant for this side of a connection"
    default: "the check says why"
    }
  }
}
