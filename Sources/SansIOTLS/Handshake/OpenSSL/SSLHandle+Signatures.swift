internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The schemes by which the sides have signed in the handshake, and this side's certificates.
extension SSLHandle {
  /// The scheme by which this side has signed; `nil` if it has not.
  var ownSignatureScheme: TLSSignatureScheme? {
    // libssl has chosen one for a key that decrypted instead, and keeps one that a resumption does not use.
    guard unsafe SSL_is_server(ssl) == 0 || hasSignedAsServer else { return nil }
    var digest: Int32 = 0
    var kind: Int32 = 0
    guard unsafe sitls_own_signature(ssl, &digest, &kind) else { return nil }
    let key = unsafe SSL_get_privatekey(ssl)
    return unsafe Self.scheme(digest, kind, isPSSKey: EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA_PSS)
  }

  /// The scheme by which the peer has signed; `nil` if it has not.
  var peerSignatureScheme: TLSSignatureScheme? {
    var digest: Int32 = 0
    var kind: Int32 = 0
    guard unsafe sitls_peer_signature(ssl, &digest, &kind) else { return nil }
    let key = unsafe SSL_get0_peer_certificate(ssl).flatMap { unsafe X509_get0_pubkey($0) }
    return unsafe Self.scheme(digest, kind, isPSSKey: key != nil && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA_PSS)
  }

  private var hasSignedAsServer: Bool {
    unsafe SSL_session_reused(ssl) == 0
      && keyExchange.map { ![NID_kx_rsa, NID_kx_psk, NID_kx_dhe_psk, NID_kx_ecdhe_psk].contains($0) } ?? false
  }

  /// The key exchange by libcrypto's number; `nil` during a renegotiation, in which there is no suite for a time.
  private var keyExchange: Int32? {
    guard let suite = unsafe SSL_get_current_cipher(ssl) else { return nil }
    return unsafe SSL_CIPHER_get_kx_nid(suite)
  }

  /// The certificates that this side has presented, its own first.
  var ownCertificates: [TLSCertificate] {
    let decrypts =
      unsafe SSL_is_server(ssl) == 1 && SSL_session_reused(ssl) == 0 && keyExchange == NID_kx_rsa
    guard ownSignatureScheme != nil || decrypts, let leaf = unsafe SSL_get_certificate(ssl) else { return [] }
    unsafe X509_up_ref(leaf)
    return unsafe [TLSCertificate(adopting: leaf)] + TLSCertificate.references(in: sitls_own_chain(ssl))
  }

  private static func scheme(_ name: String) -> TLSSignatureScheme? { try? TLSSignatureScheme(name: name) }

  /// The scheme of a digest and a kind of signature, which libssl reports by libcrypto's numbers.
  private static func scheme(_ digest: Int32, _ kind: Int32, isPSSKey: Bool) -> TLSSignatureScheme? {
    switch kind {
    case NID_ED25519: return .ed25519
    case NID_ED448: return .ed448
    default: break
    }
    let hashes = [
      NID_sha1: "SHA1", NID_sha224: "SHA224", NID_sha256: "SHA256", NID_sha384: "SHA384", NID_sha512: "SHA512",
    ]
    guard let hash = hashes[digest] else {
      // One without a digest of its own, by libcrypto's name for the kind of key: ML-DSA-65 is mldsa65.
      guard let name = unsafe OBJ_nid2sn(kind) else { return nil }
      return unsafe scheme(String(cString: name).lowercased().filter { $0 != "-" })
    }
    switch kind {
    case EVP_PKEY_RSA_PSS: return scheme((isPSSKey ? "rsa_pss_pss_" : "rsa_pss_rsae_") + hash.lowercased())
    case EVP_PKEY_RSA: return scheme("RSA+\(hash)")
    case EVP_PKEY_EC: return scheme("ECDSA+\(hash)")
    case EVP_PKEY_DSA: return scheme("DSA+\(hash)")
    default: return nil
    }
  }
}
