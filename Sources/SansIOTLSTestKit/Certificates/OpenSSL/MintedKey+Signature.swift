internal import CSansIOTLSOpenSSL
internal import SansIOTLS

extension MintedKey {
  /// Signs for a handshake. Corresponds to `EVP_DigestSign(3)`.
  func sign(_ request: TLSSignatureRequest) throws(UnfitScheme) -> [UInt8] {
    let digest: String?
    var isPSS = false
    switch (request.scheme, type) {
    case (.ed25519, .ed25519): digest = nil
    case (.ecdsa_secp256r1_sha256, .p256), (.ecdsa_secp256r1_sha256, .p384), (.rsa_pkcs1_sha256, .rsa):
      digest = "SHA256"
    case (.ecdsa_secp384r1_sha384, .p256), (.ecdsa_secp384r1_sha384, .p384), (.rsa_pkcs1_sha384, .rsa):
      digest = "SHA384"
    case (.ecdsa_secp521r1_sha512, .p256), (.ecdsa_secp521r1_sha512, .p384), (.rsa_pkcs1_sha512, .rsa):
      digest = "SHA512"
    case (.rsa_pss_rsae_sha256, .rsa): (digest, isPSS) = ("SHA256", true)
    case (.rsa_pss_rsae_sha384, .rsa): (digest, isPSS) = ("SHA384", true)
    case (.rsa_pss_rsae_sha512, .rsa): (digest, isPSS) = ("SHA512", true)
    default: throw UnfitScheme(scheme: request.scheme, type: type)
    }
    let context = unsafe Minting.made(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
    defer { unsafe EVP_MD_CTX_free(context) }
    var signing: OpaquePointer?
    func begin(_ digest: UnsafePointer<CChar>?) {
      unsafe Minting.must(
        EVP_DigestSignInit_ex(context, &signing, digest, library?.minting, nil, handle, nil), "EVP_DigestSignInit_ex")
    }
    if let digest { unsafe Minting.lend(digest, "the digest") { unsafe begin($0) } } else { begin(nil) }
    if isPSS {
      unsafe Minting.must(
        EVP_PKEY_CTX_set_rsa_padding(signing, RSA_PKCS1_PSS_PADDING), "EVP_PKEY_CTX_set_rsa_padding")
      unsafe Minting.must(
        EVP_PKEY_CTX_set_rsa_pss_saltlen(signing, RSA_PSS_SALTLEN_DIGEST), "EVP_PKEY_CTX_set_rsa_pss_saltlen")
    }
    var length = 1024
    return unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      unsafe Minting.must(
        EVP_DigestSign(context, buffer.baseAddress, &length, request.bytes, request.bytes.count), "EVP_DigestSign")
      count = length
    }
  }
}
