internal import CSansIOTLSOpenSSL

/// Signing with libcrypto, whose setters accept the defects that a test needs: a NUL inside a name, no name at all, a
/// contradictory usage.
///
/// Every pointer here is created, used and freed within one function; the argument of a `set1` or `add1` function is
/// copied.
extension CertificateTemplate {
  /// Creates the certificate for `key`, issued by another or, if `issuer` is `nil`, by itself.
  ///
  /// - Returns: The certificate in DER.
  func signed(for key: MintedKey, by issuer: (name: String, key: MintedKey)?) -> [UInt8] {
    let signer = issuer?.key ?? key
    let x509 = unsafe Minting.made(X509_new_ex(signer.library?.minting, nil), "X509_new_ex")
    defer { unsafe X509_free(x509) }
    unsafe Minting.must(X509_set_version(x509, 2), "X509_set_version")  // version 3
    unsafe Minting.must(
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), Minting.serialNumber(signer.library)),
      "ASN1_INTEGER_set_uint64")
    unsafe Self.setName(X509_get_issuer_name(x509), issuer?.name ?? subject)
    unsafe Self.setName(X509_get_subject_name(x509), subject)
    unsafe Self.setTime(X509_getm_notBefore(x509), validity.notBefore)
    unsafe Self.setTime(X509_getm_notAfter(x509), validity.notAfter)
    unsafe Minting.must(X509_set_pubkey(x509, key.handle), "X509_set_pubkey")
    unsafe addExtensions(to: x509, key, issuedBy: issuer?.key)
    unsafe makePeculiar(x509)
    unsafe signer.sign(x509)
    return unsafe Minting.encoded { unsafe i2d_X509(x509, $0) }
  }

  /// Sets a distinguished name of one common name, or an empty one if that is empty.
  private static func setName(_ name: OpaquePointer?, _ commonName: String) {
    if commonName.isEmpty { return }
    let text = Array(commonName.utf8)
    // With this type the text is copied byte for byte, whatever its length.
    unsafe Minting.must(
      X509_NAME_add_entry_by_NID(
        name, NID_commonName, V_ASN1_UTF8STRING, text, CInt(clamping: text.count), -1, 0),
      "X509_NAME_add_entry_by_NID")
  }

  static func setTime(_ time: UnsafeMutablePointer<ASN1_TIME>?, _ secondsSince1970: Int64) {
    precondition(
      (-62_167_219_200...253_402_300_799).contains(secondsSince1970),
      "cannot issue: \(secondsSince1970) s is outside of the years 0 to 9999")
    _ = unsafe Minting.made(ASN1_TIME_set(time, time_t(secondsSince1970)), "ASN1_TIME_set(\(secondsSince1970))")
  }

  // MARK: Extensions

  private func addExtensions(to x509: OpaquePointer, _ key: MintedKey, issuedBy issuer: MintedKey?) {
    let subjectKey = unsafe Minting.octets(key.identifier)
    defer { unsafe ASN1_OCTET_STRING_free(subjectKey) }
    unsafe Self.add(NID_subject_key_identifier, subjectKey, to: x509)
    if let issuer {
      let authority = unsafe Minting.made(AUTHORITY_KEYID_new(), "AUTHORITY_KEYID_new")
      defer { unsafe AUTHORITY_KEYID_free(authority) }
      unsafe authority.pointee.keyid = Minting.octets(issuer.identifier)
      unsafe Self.add(NID_authority_key_identifier, authority, to: x509)
    }
    switch role {
    case .authority(let pathLength):
      unsafe Self.addConstraints(isAuthority: true, pathLength, to: x509)
      unsafe Self.addUsages([5, 6], to: x509)  // keyCertSign, cRLSign

    case .leaf(let purposes, let names, let addresses):
      unsafe Self.addConstraints(isAuthority: false, nil, to: x509)
      // digitalSignature, and for RSA keyEncipherment: the key exchange of the oldest cipher suites.
      let usages: [CInt] = if case .rsa = key.type { [0, 2] } else { [0] }
      unsafe Self.addUsages(usages, to: x509)
      unsafe Self.addPurposes(purposes, to: x509)
      if !names.isEmpty || !addresses.isEmpty {
        unsafe Self.addAlternatives(names, addresses, isCritical: subject.isEmpty, to: x509)
      }
    }
  }

  /// Corresponds to `X509_add1_ext_i2d(3)`.
  private static func add(
    _ kind: CInt, _ value: UnsafeMutableRawPointer?, isCritical: Bool = false, to x509: OpaquePointer
  ) {
    unsafe Minting.must(
      X509_add1_ext_i2d(x509, kind, value, isCritical ? 1 : 0, UInt(X509V3_ADD_APPEND)), "X509_add1_ext_i2d")
  }

  private static func addConstraints(isAuthority: Bool, _ pathLength: Int?, to x509: OpaquePointer) {
    let constraints = unsafe Minting.made(BASIC_CONSTRAINTS_new(), "BASIC_CONSTRAINTS_new")
    defer { unsafe BASIC_CONSTRAINTS_free(constraints) }
    unsafe constraints.pointee.ca = isAuthority ? 0xff : 0
    if let pathLength {
      unsafe constraints.pointee.pathlen = Minting.made(ASN1_INTEGER_new(), "ASN1_INTEGER_new")
      unsafe Minting.must(ASN1_INTEGER_set(constraints.pointee.pathlen, pathLength), "ASN1_INTEGER_set")
    }
    unsafe add(NID_basic_constraints, constraints, isCritical: true, to: x509)
  }

  /// - Parameter bits: The bits as numbered by RFC 5280, section 4.2.1.3.
  private static func addUsages(_ bits: [CInt], to x509: OpaquePointer) {
    let usages = unsafe Minting.made(ASN1_BIT_STRING_new(), "ASN1_BIT_STRING_new")
    defer { unsafe ASN1_BIT_STRING_free(usages) }
    for bit in bits { unsafe Minting.must(ASN1_BIT_STRING_set_bit(usages, bit, 1), "ASN1_BIT_STRING_set_bit") }
    unsafe add(NID_key_usage, usages, isCritical: true, to: x509)
  }

  private static func addPurposes(_ purposes: [Purpose], to x509: OpaquePointer) {
    let stack = unsafe Minting.made(OPENSSL_sk_new_null(), "OPENSSL_sk_new_null")
    // The objects belong to libcrypto and are constant.
    defer { unsafe OPENSSL_sk_free(stack) }
    for purpose in purposes {
      let number =
        switch purpose {
        case .server: NID_server_auth
        case .client: NID_client_auth
        case .codeSigning: NID_code_sign
        case .ocspSigning: NID_OCSP_sign
        }
      unsafe OPENSSL_sk_push(stack, UnsafeRawPointer(OBJ_nid2obj(number)))
    }
    unsafe add(NID_ext_key_usage, UnsafeMutableRawPointer(stack), to: x509)
  }

  private static func addAlternatives(
    _ names: [String], _ addresses: [String], isCritical: Bool, to x509: OpaquePointer
  ) {
    let stack = unsafe Minting.made(OPENSSL_sk_new_null(), "OPENSSL_sk_new_null")
    defer { unsafe GENERAL_NAMES_free(stack) }
    func push(_ kind: CInt, _ value: UnsafeMutablePointer<ASN1_STRING>) {
      let name = unsafe Minting.made(GENERAL_NAME_new(), "GENERAL_NAME_new")
      unsafe GENERAL_NAME_set0_value(name, kind, value)
      unsafe OPENSSL_sk_push(stack, name)
    }
    for name in names { unsafe push(GEN_DNS, Minting.string(V_ASN1_IA5STRING, Array(name.utf8))) }
    for address in addresses { unsafe push(GEN_IPADD, Minting.octets(Minting.address(address))) }
    unsafe add(NID_subject_alt_name, UnsafeMutableRawPointer(stack), isCritical: isCritical, to: x509)
  }
}
