internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The sources of channel bindings besides exported keying material.
extension SSLHandle {
  /// The first Finished message of the latest handshake: whichever side sent it.
  func firstFinished() throws(TLSError) -> [UInt8] {
    guard unsafe SSL_version(ssl) < TLS1_3_VERSION else {
      throw TLSError(
        .unsupported, .misuse, hint: "tls-unique is not defined for TLS 1.3 (RFC 8446, appendix C.5); use tls-exporter")
    }
    if state.isInsideMessage {
      throw TLSError(
        .handshakeNotComplete, .misuse, hint: "tls-unique is being replaced: repeat the call after the renegotiation")
    }
    guard unsafe sitls_has_extended_main_secret(ssl) else {
      throw TLSError(
        .unsupported, .peer,
        hint:
          "this TLS 1.2 connection has no extended main secret (RFC 7627): a machine between the two sides could give "
          + "both the same tls-unique")
    }
    let isClients = unsafe SSL_session_reused(ssl) == 0
    let isOwn = unsafe isClients == (SSL_is_server(ssl) == 0)
    // The Finished of TLS 1.2 has 12 bytes (RFC 5246, section 7.4.9), and never more than a digest.
    return unsafe [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
      count =
        unsafe isOwn
        ? SSL_get_finished(ssl, buffer.baseAddress, buffer.count)
        : SSL_get_peer_finished(ssl, buffer.baseAddress, buffer.count)
    }
  }

  /// The digest of the server's certificate by the hash of its signature (RFC 5929, section 4.1).
  func serverCertificateDigest() throws(TLSError) -> [UInt8] {
    let isServer = unsafe SSL_is_server(ssl) == 1
    if isServer, unsafe SSL_session_reused(ssl) == 1 {
      throw TLSError(
        .unsupported, .local,
        hint:
          "a server that resumes a session sends no certificate: it does not know which one the client has for "
          + "tls-server-end-point")
    }
    // Of a server it is the one that libssl selected in the handshake.
    let certificate = unsafe isServer ? SSL_get_certificate(ssl) : SSL_get0_peer_certificate(ssl)
    guard let certificate = unsafe certificate, unsafe isServer || peerKey == nil else {
      throw TLSError(
        .unsupported, .peer, hint: "the server presented no certificate, which tls-server-end-point is made of")
    }
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    var hash: Int32 = 0
    guard unsafe X509_get_signature_info(certificate, &hash, nil, nil, nil) == 1, hash != NID_undef else {
      throw TLSError(
        .unsupported, .peer,
        hint:
          "the signature of the server's certificate has no hash of its own, as Ed25519 has none: tls-server-end-point "
          + "is not defined for it (RFC 5929, section 4.1)")
    }
    if [NID_md5, NID_sha1, NID_md5_sha1].contains(hash) { hash = NID_sha256 }
    let digest = unsafe EVP_get_digestbyname(OBJ_nid2sn(hash))
    var count: UInt32 = 0
    var isDigested = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, initialized in
      isDigested = unsafe digest != nil && X509_digest(certificate, digest, buffer.baseAddress, &count) == 1
      initialized = isDigested ? Int(count) : 0
    }
    if !isDigested {
      throw TLSError(
        .openSSLFailure, .local, hint: "libcrypto cannot digest the server's certificate by its signature's hash",
        openSSLErrors: ErrorQueue.take())
    }
    return bytes
  }
}
