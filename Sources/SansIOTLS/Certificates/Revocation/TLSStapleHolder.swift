/// The OCSP staple that a server sends with an identity, renewed while contexts and connections use it.
///
/// It is shared by reference: every ``TLSIdentity`` that it is assigned to, and every context made from that, sends the
/// staple that it holds when a handshake needs one. Any thread may replace it. The library does not fetch staples:
/// where they come from, and when, is the application's matter.
///
/// ```
/// var identity = try TLSIdentity(certificateFile: "chain.pem", privateKeyFile: "key.pem")
/// identity.stapleHolder = holder
/// ```
///
/// Corresponds to `SSL_CTX_set_tlsext_status_cb(3)`.
public final class TLSStapleHolder: Sendable {
  /// One response, immutable.
  private final class Response: Sendable {
    let der: [UInt8]
    init(_ der: [UInt8]) { self.der = der }
  }

  private let current: Exchangeable<Response>

  /// Creates a holder without a staple: until it gets one, servers send none.
  public init() { current = Exchangeable(Response([])) }

  /// Creates a holder of a staple.
  ///
  /// - Parameter response: an OCSP response in DER form, 65,535 bytes at most. It is copied.
  /// - Throws: ``TLSError`` with code `.invalidStaple`.
  public init(_ response: [UInt8]) throws(TLSError) {
    try Self.check(response)
    current = Exchangeable(Response(response))
  }

  /// The response that handshakes send from now on; `nil` if there is none.
  public var response: [UInt8]? {
    let der = current.value.der
    return der.isEmpty ? nil : der
  }

  /// Replaces the staple for handshakes from now on. The old one stays if the new one is refused.
  ///
  /// - Parameter response: a successful OCSP response in DER form, 65,535 bytes at most; `nil` to send none. Its dates
  ///   and its signer are not checked: see the warnings of ``TLSContext``.
  /// - Throws: ``TLSError`` with code `.invalidStaple` if it is no such response.
  public func replace(by response: [UInt8]?) throws(TLSError) {
    if let response { try Self.check(response) }
    current.replace(by: Response(response ?? []))
  }

  private static func check(_ response: [UInt8]) throws(TLSError) {
    guard response.count <= 65_535, OCSPResponse(response) != nil else {
      throw TLSError(
        .invalidStaple, .local,
        hint: "the bytes are no successful OCSP response in DER form with 65,535 bytes at most",
        openSSLErrors: ErrorQueue.take())
    }
  }
}

extension TLSStapleHolder: Hashable {
  /// Returns whether two references are to the same object.
  public static func == (left: TLSStapleHolder, right: TLSStapleHolder) -> Bool { left === right }

  /// Hashes the identity of the object.
  ///
  /// - Parameter hasher: the hasher.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
