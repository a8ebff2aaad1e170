import AgentProtocol
import CLibcrypto
import SansIOTLS

/// A private key that signs for handshakes, and for nothing else: an agent that signed any bytes would also sign those
/// of another protocol.
///
/// `@safe`: the pointer is owned, and used by one thread.
@safe
final class AgentKey {
  private let key: OpaquePointer

  /// Reads a key from a PEM file.
  init(file: String) throws(AgentError) {
    guard let bio = unsafe BIO_new_file(file, "rb") else { throw AgentError("cannot open \(file)") }
    defer { unsafe BIO_free(bio) }
    guard let key = unsafe PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil) else {
      throw AgentError("no private key in \(file)")
    }
    unsafe self.key = key
  }

  deinit { unsafe EVP_PKEY_free(key) }

  /// Signs a request. Corresponds to `EVP_DigestSign(3)`.
  func sign(_ request: TLSSignatureRequest) throws(AgentError) -> [UInt8] {
    let (digest, isPSS): (String?, Bool)
    switch request.scheme {
    case .ed25519: (digest, isPSS) = (nil, false)
    case .ecdsa_secp256r1_sha256, .rsa_pkcs1_sha256: (digest, isPSS) = ("SHA256", false)
    case .ecdsa_secp384r1_sha384, .rsa_pkcs1_sha384: (digest, isPSS) = ("SHA384", false)
    case .ecdsa_secp521r1_sha512, .rsa_pkcs1_sha512: (digest, isPSS) = ("SHA512", false)
    case .rsa_pss_rsae_sha256: (digest, isPSS) = ("SHA256", true)
    case .rsa_pss_rsae_sha384: (digest, isPSS) = ("SHA384", true)
    case .rsa_pss_rsae_sha512: (digest, isPSS) = ("SHA512", true)
    default: throw AgentError("this key does not sign by \(request.scheme)")
    }
    let context = unsafe EVP_MD_CTX_new()
    defer { unsafe EVP_MD_CTX_free(context) }
    var signing: OpaquePointer?
    var signature = [UInt8](repeating: 0, count: Int(unsafe EVP_PKEY_get_size(key)))
    var count = signature.count
    guard unsafe EVP_DigestSignInit_ex(context, &signing, digest, nil, nil, key, nil) == 1,
      unsafe !isPSS
        || EVP_PKEY_CTX_set_rsa_padding(signing, RSA_PKCS1_PSS_PADDING) == 1
          && EVP_PKEY_CTX_set_rsa_pss_saltlen(signing, RSA_PSS_SALTLEN_DIGEST) == 1,
      unsafe EVP_DigestSign(context, &signature, &count, request.bytes, request.bytes.count) == 1
    else { throw AgentError("this key does not sign by \(request.scheme)") }
    return Array(signature.prefix(count))
  }
}
