internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Owns a successful OCSP response, parsed.
///
/// `@safe`: the pointers are valid from init to deinit, and what is read out of them is copied or used at once.
@safe
struct OCSPResponse: ~Copyable {
  let basic: OpaquePointer

  /// Parses a response.
  ///
  /// - Parameter der: the response and nothing after it.
  /// - Returns: `nil` if the bytes are no response, or one that states a failure of the responder. libcrypto's entries
  ///   are in the error queue then.
  init?(_ der: [UInt8]) {
    let basic: OpaquePointer? = unsafe der.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      let response = unsafe d2i_OCSP_RESPONSE(nil, &cursor, bytes.count)
      defer { unsafe OCSP_RESPONSE_free(response) }
      guard let response = unsafe response, unsafe cursor == bytes.baseAddress! + bytes.count,
        unsafe OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL
      else { return nil }
      return unsafe OCSP_response_get1_basic(response)
    }
    guard let basic = unsafe basic else { return nil }
    unsafe self.basic = basic
  }

  deinit { unsafe OCSP_BASICRESP_free(basic) }

  /// The statement about one certificate.
  struct Statement {
    let status: TLSStaple.Status
    let thisUpdate: Int64
    let nextUpdate: Int64?
  }

  /// Finds the statement about a certificate of an issuer. Its identifier may be made with any digest that libcrypto
  /// knows, unlike that of `OCSP_resp_find_status(3)`.
  ///
  /// - Returns: the statement; `nil` if there is none, or if its dates cannot be read.
  func statement(on leaf: OpaquePointer, of issuer: OpaquePointer) -> Statement? {
    for index in unsafe 0..<OCSP_resp_count(basic) {
      let single = unsafe OCSP_resp_get0(basic, index)
      let identifier = unsafe OCSP_SINGLERESP_get0_id(single)
      guard unsafe Self.isAbout(identifier, leaf, issuer) else { continue }
      return unsafe Self.statement(single)
    }
    return nil
  }

  /// The first statement, whatever it is about.
  var firstStatement: Statement? { unsafe Self.statement(OCSP_resp_get0(basic, 0)) }

  /// Whether a statement is about this certificate, whose dates may not be readable.
  func mentions(_ leaf: OpaquePointer, of issuer: OpaquePointer) -> Bool {
    unsafe (0..<OCSP_resp_count(basic)).contains { index in
      unsafe Self.isAbout(OCSP_SINGLERESP_get0_id(OCSP_resp_get0(basic, index)), leaf, issuer)
    }
  }

  private static func isAbout(
    _ identifier: OpaquePointer?, _ leaf: OpaquePointer, _ issuer: OpaquePointer
  ) -> Bool {
    var algorithm: OpaquePointer?
    guard let identifier = unsafe identifier,
      unsafe OCSP_id_get0_info(nil, &algorithm, nil, nil, identifier) == 1,
      let digest = unsafe sitls_digest_of(algorithm),
      let own = unsafe OCSP_cert_to_id(digest, leaf, issuer)
    else { return false }
    defer { unsafe OCSP_CERTID_free(own) }
    return unsafe OCSP_id_cmp(own, identifier) == 0
  }

  private static func statement(_ single: OpaquePointer?) -> Statement? {
    var reason: Int32 = -1
    var revokedAt: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
    var thisUpdate: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
    var nextUpdate: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
    guard let single = unsafe single else { return nil }
    let number = unsafe OCSP_single_get0_status(single, &reason, &revokedAt, &thisUpdate, &nextUpdate)
    guard let from = unsafe VerificationClock.seconds(thisUpdate) else { return nil }
    var end: Int64?
    if let nextUpdate = unsafe nextUpdate {
      guard let seconds = unsafe VerificationClock.seconds(nextUpdate), seconds >= from else { return nil }
      end = seconds
    }
    let status: TLSStaple.Status
    switch number {
    case V_OCSP_CERTSTATUS_GOOD: status = .good
    case V_OCSP_CERTSTATUS_REVOKED:
      status = .revoked(at: unsafe VerificationClock.seconds(revokedAt) ?? from, reason: reason < 0 ? nil : Int(reason))
    default: status = .unknown
    }
    return Statement(status: status, thisUpdate: from, nextUpdate: end)
  }

  /// The time of the signature, and the signer.
  var producedAt: Int64? { unsafe VerificationClock.seconds(OCSP_resp_get0_produced_at(basic)) }

  var responder: TLSStaple.Responder {
    var keyHash: UnsafePointer<ASN1_OCTET_STRING>?
    var name: OpaquePointer?
    unsafe OCSP_resp_get0_id(basic, &keyHash, &name)
    if let keyHash = unsafe keyHash { return unsafe .keyHash(LibraryDER.contents(of: keyHash)) }
    return unsafe .name(TLSDistinguishedName(of: name))
  }

  /// Whether the response is signed by the issuer of what it is about, or by a responder that this issuer authorised;
  /// chain and store say what is trusted. Corresponds to `OCSP_basic_verify(3)`.
  func isSigned(in chain: OpaquePointer?, trusting store: OpaquePointer?) -> Bool {
    unsafe OCSP_basic_verify(basic, chain, store, 0) == 1
  }
}
