internal import CSansIOTLSOpenSSL

/// A key pair of libcrypto, and its encodings.
///
/// Safe: the pointer is passed to libcrypto for the duration of a call only, and is freed with the instance.
/// `@unchecked Sendable`: after its creation an EVP_PKEY is only read, which libcrypto allows on any number of threads.
@safe final class MintedKey: @unchecked Sendable {
  let type: TestIdentity.KeyType
  /// The key identifier: a digest of the SubjectPublicKeyInfo, after RFC 7093.
  let identifier: [UInt8]
  let handle: OpaquePointer
  /// The source of random numbers; `nil` for libcrypto's own.
  let library: SeededLibrary?

  /// Generates a key pair.
  init(_ type: TestIdentity.KeyType, library: SeededLibrary? = nil) {
    self.library = library
    let algorithm =
      switch type {
      case .p256, .p384: "EC"
      case .ed25519: "ED25519"
      case .rsa: "RSA"
      }
    let context = unsafe Minting.made(
      Minting.lend(algorithm, "the algorithm") { unsafe EVP_PKEY_CTX_new_from_name(library?.minting, $0, nil) },
      "EVP_PKEY_CTX_new_from_name")
    defer { unsafe EVP_PKEY_CTX_free(context) }
    unsafe Minting.must(EVP_PKEY_keygen_init(context), "EVP_PKEY_keygen_init")
    switch type {
    case .p256, .p384:
      unsafe Minting.must(
        Minting.lend(type.description, "the group") { unsafe EVP_PKEY_CTX_set_group_name(context, $0) },
        "EVP_PKEY_CTX_set_group_name")
    case .rsa(let bits):
      unsafe Minting.must(
        EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(clamping: bits)), "EVP_PKEY_CTX_set_rsa_keygen_bits")
    case .ed25519: break
    }
    var generated: OpaquePointer?
    unsafe Minting.must(EVP_PKEY_generate(context, &generated), "EVP_PKEY_generate")
    self.type = type
    let handle = unsafe Minting.made(generated, "EVP_PKEY_generate")
    unsafe self.handle = handle
    identifier = Minting.digest160(unsafe Minting.encoded { unsafe i2d_PUBKEY(handle, $0) })
  }

  deinit { unsafe EVP_PKEY_free(handle) }

  /// The key as PKCS #8 in DER, not encrypted.
  var pkcs8: [UInt8] {
    let info = unsafe Minting.made(EVP_PKEY2PKCS8(handle), "EVP_PKEY2PKCS8")
    defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
    return unsafe Minting.encoded { unsafe i2d_PKCS8_PRIV_KEY_INFO(info, $0) }
  }

  /// The key as PKCS #8 in DER, encrypted with PBES2, AES-256-CBC and libcrypto's default iteration count.
  func pkcs8(passphrase: String) -> [UInt8] {
    let info = unsafe Minting.made(EVP_PKEY2PKCS8(handle), "EVP_PKEY2PKCS8")
    defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
    let encrypted = unsafe Minting.made(
      [UInt8](passphrase.utf8).withUnsafeBytes { text in
        unsafe PKCS8_encrypt(
          -1, EVP_aes_256_cbc(), text.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: text.count),
          nil, 0, 0,
          info)
      }, "PKCS8_encrypt")
    defer { unsafe X509_SIG_free(encrypted) }
    return unsafe Minting.encoded { unsafe i2d_X509_SIG(encrypted, $0) }
  }

  /// A PKCS #12 file of this key and a chain, leaf first.
  func pkcs12(chain: [[UInt8]], passphrase: String) -> [UInt8] {
    let certificates = unsafe chain.map { der in
      unsafe Minting.made(
        der.withUnsafeBufferPointer { bytes in
          var position = bytes.baseAddress
          return unsafe d2i_X509(nil, &position, bytes.count)
        }, "d2i_X509")
    }
    defer { for index in chain.indices { unsafe X509_free(certificates[index]) } }
    // PKCS12_create rejects a leaf that does not match the key, but not among the other certificates.
    ERR_set_mark()
    let isLeafOfKey = unsafe X509_check_private_key(certificates[0], handle) == 1
    ERR_pop_to_mark()
    let others = unsafe Minting.made(OPENSSL_sk_new_null(), "OPENSSL_sk_new_null")
    defer { unsafe OPENSSL_sk_free(others) }
    for index in chain.indices.dropFirst(isLeafOfKey ? 1 : 0) {
      unsafe Minting.must(min(1, OPENSSL_sk_push(others, UnsafeRawPointer(certificates[index]))), "OPENSSL_sk_push")
    }
    let iterations: Int32 = 2048  // sufficient for every reader's policy, fast enough for a test
    let file = unsafe Minting.made(
      Minting.lend(passphrase, "the passphrase") { text in
        unsafe PKCS12_create(
          text, nil, handle, isLeafOfKey ? certificates[0] : nil, others, 0, 0, iterations, iterations, 0)
      }, "PKCS12_create")
    defer { unsafe PKCS12_free(file) }
    return unsafe Minting.encoded { unsafe i2d_PKCS12(file, $0) }
  }

  /// Signs a certificate, with the digest of the key type. Corresponds to `X509_sign_ctx(3)`.
  func sign(_ x509: OpaquePointer) {
    let context = unsafe Minting.made(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
    defer { unsafe EVP_MD_CTX_free(context) }
    func begin(_ digest: UnsafePointer<CChar>?) {
      unsafe Minting.must(
        EVP_DigestSignInit_ex(context, nil, digest, library?.minting, nil, handle, nil), "EVP_DigestSignInit_ex")
    }
    switch type {
    case .p256, .rsa: unsafe Minting.lend("SHA256", "the digest") { unsafe begin($0) }
    case .p384: unsafe Minting.lend("SHA384", "the digest") { unsafe begin($0) }
    case .ed25519: begin(nil)
    }
    unsafe Minting.must(min(1, X509_sign_ctx(x509, context)), "X509_sign_ctx")
  }
}
