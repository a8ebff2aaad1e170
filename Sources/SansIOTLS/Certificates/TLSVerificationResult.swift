/// The result of checking a certificate chain.
///
/// Corresponds to `X509_STORE_CTX_get_error(3)`.
public struct TLSVerificationResult: Sendable, Hashable, CustomStringConvertible {
  /// The `X509_V_…` number; 0 is success. Numbers from 10,001 on are of this library's own checks, of pins and staples.
  public let code: Int
  /// libcrypto's text for it, or this library's. Corresponds to `X509_verify_cert_error_string(3)`.
  public let text: String
  /// The position in the chain: 0 is the peer's own certificate.
  public let depth: Int
  /// The subject of the certificate at that depth, in the form of RFC 2253.
  public let subject: String

  /// Creates a result, for tests of what judges it.
  ///
  /// - Parameters:
  ///   - code: the `X509_V_…` number, 0 for success.
  ///   - text: libcrypto's text for it.
  ///   - depth: the position in the chain, 0 for the peer's own certificate.
  ///   - subject: the subject of the certificate at that depth.
  public init(code: Int, text: String, depth: Int = 0, subject: String = "") {
    self.code = code
    self.text = text
    self.depth = depth
    self.subject = subject
  }

  /// Success.
  public static let accepted = TLSVerificationResult(code: 0, text: "ok")

  /// Whether the chain was accepted.
  public var isAccepted: Bool { code == 0 }

  /// For example `unable to get local issuer certificate (20) at depth 0, CN=example`.
  public var description: String {
    if isAccepted { return "accepted" }
    return "\(text) (\(code)) at depth \(depth)" + (subject.isEmpty ? "" : ", \(subject.printable)")
  }
}
