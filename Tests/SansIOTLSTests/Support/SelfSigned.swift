import CSansIOTLSOpenSSL
import SansIOTLS

/// A self-signed certificate of a kind that the test kit does not issue, created by libcrypto itself.
///
/// The pointers are created, used and freed within one function; those of arrays live for one call.
struct SelfSigned {
  enum Key: Hashable {
    case curve(String)
    /// 1024 bits: more would need seconds, and security level 0 allows them.
    case dsa
    case rsa
    /// For PSS alone, with any hash.
    case rsaPSS
  }

  let certificateDER: [UInt8]
  let keyDER: [UInt8]

  /// - Parameters:
  ///   - alternativeNames: as in `x509v3_config(5)`, for example `URI:https://www.example`.
  ///   - hash: libcrypto's name for the hash of the signature.
  init(
    _ key: Key = .curve("P-256"), subject: String = "localhost", alternativeNames: String? = "DNS:localhost",
    hash: String = "SHA256"
  ) {
    let pkey = unsafe Self.generate(key)
    defer { unsafe EVP_PKEY_free(pkey) }
    let certificate = unsafe X509_new()
    defer { unsafe X509_free(certificate) }
    unsafe X509_set_version(certificate, 2)
    unsafe ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1)
    unsafe ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20200101000000Z")
    unsafe ASN1_TIME_set_string(X509_getm_notAfter(certificate), "21200101000000Z")
    let name = unsafe X509_get_subject_name(certificate)
    unsafe X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, subject, -1, -1, 0)
    unsafe X509_set_issuer_name(certificate, name)
    unsafe X509_set_pubkey(certificate, pkey)
    if let alternativeNames {
      let addition = unsafe X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, alternativeNames)
      unsafe X509_add_ext(certificate, addition, -1)
      unsafe X509_EXTENSION_free(addition)
    }
    let size = unsafe X509_sign(certificate, pkey, EVP_get_digestbyname(hash))
    precondition(size > 0, "libcrypto does not sign with this key")
    certificateDER = unsafe Self.encoded { unsafe i2d_X509(certificate, $0) }
    keyDER = unsafe Self.encoded { unsafe i2d_PrivateKey(pkey, $0) }
  }

  var identity: TLSIdentity {
    get throws { try TLSIdentity(derChain: [certificateDER], privateKey: keyDER) }
  }
  var trust: TLSTrustRoots { .der(certificateDER) }

  private static func generate(_ key: Key) -> OpaquePointer {
    var generated: OpaquePointer?
    switch key {
    case .curve(let name):
      unsafe generated = ellipticKey(on: name)
    case .rsa: unsafe generated = rsaKey("RSA")
    case .rsaPSS: unsafe generated = rsaKey("RSA-PSS")
    case .dsa:
      let parameterContext = unsafe EVP_PKEY_CTX_new_from_name(nil, "DSA", nil)
      defer { unsafe EVP_PKEY_CTX_free(parameterContext) }
      unsafe EVP_PKEY_paramgen_init(parameterContext)
      unsafe EVP_PKEY_CTX_set_dsa_paramgen_bits(parameterContext, 1024)
      var parameters: OpaquePointer?
      unsafe EVP_PKEY_paramgen(parameterContext, &parameters)
      defer { unsafe EVP_PKEY_free(parameters) }
      let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, parameters, nil)
      defer { unsafe EVP_PKEY_CTX_free(context) }
      unsafe EVP_PKEY_keygen_init(context)
      unsafe EVP_PKEY_keygen(context, &generated)
    }
    guard let generated = unsafe generated else { fatalError("libcrypto generates no key \(key)") }
    return unsafe generated
  }

  private static func ellipticKey(on name: String) -> OpaquePointer? {
    let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
    defer { unsafe EVP_PKEY_CTX_free(context) }
    unsafe EVP_PKEY_keygen_init(context)
    unsafe EVP_PKEY_CTX_set_group_name(context, name)
    var generated: OpaquePointer?
    unsafe EVP_PKEY_keygen(context, &generated)
    return unsafe generated
  }

  private static func rsaKey(_ type: String) -> OpaquePointer? {
    let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil)
    defer { unsafe EVP_PKEY_CTX_free(context) }
    unsafe EVP_PKEY_keygen_init(context)
    var generated: OpaquePointer?
    unsafe EVP_PKEY_keygen(context, &generated)
    return unsafe generated
  }

  private static func encoded(_ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> Int32) -> [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>?
    let count = unsafe Int(write(&bytes))
    defer { unsafe CRYPTO_free(bytes, nil, 0) }
    return unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}
