internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims
internal import SansIOTLS

/// OCSP responses and CRLs of libcrypto, as bytes.
///
/// Every pointer here is created, used and freed within one function; what `add0` takes over is not freed.
enum OCSPMinting {
  /// Creates a response without a statement.
  static func failure(_ status: Int32) -> [UInt8] {
    let response = unsafe Minting.made(OCSP_response_create(status, nil), "OCSP_response_create")
    defer { unsafe OCSP_RESPONSE_free(response) }
    return unsafe Minting.encoded { unsafe i2d_OCSP_RESPONSE(response, $0) }
  }

  /// Creates a signed response with one statement.
  static func response(
    about subject: [UInt8], issuedBy issuer: [UInt8], status: Int32, digest: String, from: Int64, until: Int64?,
    signedBy signer: (certificate: [UInt8], key: MintedKey)
  ) -> [UInt8] {
    let leaf = unsafe parsed(subject)
    let authority = unsafe parsed(issuer)
    let certificate = unsafe parsed(signer.certificate)
    let basic = unsafe Minting.made(OCSP_BASICRESP_new(), "OCSP_BASICRESP_new")
    let algorithm = unsafe digest == "SHA256" ? EVP_sha256() : EVP_sha1()
    let identifier = unsafe Minting.made(OCSP_cert_to_id(algorithm, leaf, authority), "OCSP_cert_to_id")
    let start = unsafe time(from)
    let end = unsafe until.map { unsafe time($0) }
    defer {
      unsafe X509_free(leaf)
      unsafe X509_free(authority)
      unsafe X509_free(certificate)
      unsafe OCSP_BASICRESP_free(basic)
      unsafe OCSP_CERTID_free(identifier)
      unsafe ASN1_TIME_free(start)
      unsafe ASN1_TIME_free(end)
    }
    // Reason 1, key compromise.
    let isRevoked = status == V_OCSP_CERTSTATUS_REVOKED
    _ = unsafe Minting.made(
      OCSP_basic_add1_status(basic, identifier, status, isRevoked ? 1 : -1, isRevoked ? start : nil, start, end),
      "OCSP_basic_add1_status")
    let signing: OpaquePointer? = if case .ed25519 = signer.key.type { nil } else { unsafe EVP_sha256() }
    unsafe Minting.must(
      OCSP_basic_sign(basic, certificate, signer.key.handle, signing, nil, 0), "OCSP_basic_sign")
    let response = unsafe Minting.made(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic), "OCSP_response_create")
    defer { unsafe OCSP_RESPONSE_free(response) }
    return unsafe Minting.encoded { unsafe i2d_OCSP_RESPONSE(response, $0) }
  }

  /// Creates a signed CRL of version 2.
  static func revocationList(
    of issuer: [UInt8], key: MintedKey, revoking revoked: [[UInt8]], _ period: TestIdentity.Validity
  ) -> [UInt8] {
    let authority = unsafe parsed(issuer)
    let list = unsafe Minting.made(X509_CRL_new(), "X509_CRL_new")
    // UTCTime until 2049, as RFC 5280 requires; an OCSP response has GeneralizedTime alone.
    let start = unsafe Minting.made(ASN1_TIME_set(nil, time_t(period.notBefore)), "ASN1_TIME_set")
    let end = unsafe Minting.made(ASN1_TIME_set(nil, time_t(period.notAfter)), "ASN1_TIME_set")
    defer {
      unsafe X509_free(authority)
      unsafe X509_CRL_free(list)
      unsafe ASN1_TIME_free(start)
      unsafe ASN1_TIME_free(end)
    }
    unsafe Minting.must(X509_CRL_set_version(list, 1), "X509_CRL_set_version")
    unsafe Minting.must(X509_CRL_set_issuer_name(list, X509_get_subject_name(authority)), "X509_CRL_set_issuer_name")
    unsafe Minting.must(X509_CRL_set1_lastUpdate(list, start), "X509_CRL_set1_lastUpdate")
    unsafe Minting.must(X509_CRL_set1_nextUpdate(list, end), "X509_CRL_set1_nextUpdate")
    for der in revoked {
      let x509 = unsafe parsed(der)
      defer { unsafe X509_free(x509) }
      let entry = unsafe Minting.made(X509_REVOKED_new(), "X509_REVOKED_new")
      unsafe Minting.must(
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(x509)), "X509_REVOKED_set_serialNumber")
      unsafe Minting.must(X509_REVOKED_set_revocationDate(entry, start), "X509_REVOKED_set_revocationDate")
      unsafe Minting.must(X509_CRL_add0_revoked(list, entry), "X509_CRL_add0_revoked")
    }
    unsafe Minting.must(X509_CRL_sort(list), "X509_CRL_sort")
    let digest: OpaquePointer? = if case .ed25519 = key.type { nil } else { unsafe EVP_sha256() }
    unsafe Minting.must(min(1, X509_CRL_sign(list, key.handle, digest)), "X509_CRL_sign")
    return unsafe Minting.encoded { unsafe i2d_X509_CRL(list, $0) }
  }

  private static func parsed(_ der: [UInt8]) -> OpaquePointer {
    unsafe Minting.made(
      der.withUnsafeBufferPointer { bytes in
        var position = bytes.baseAddress
        return unsafe d2i_X509(nil, &position, bytes.count)
      }, "d2i_X509")
  }

  private static func time(_ seconds: Int64) -> UnsafeMutablePointer<ASN1_TIME> {
    unsafe Minting.made(ASN1_GENERALIZEDTIME_set(nil, time_t(seconds)), "ASN1_GENERALIZEDTIME_set(\(seconds))")
  }
}
