internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The negotiated parameters. The strings are libssl's own, and are copied at once.
extension SSLHandle {
  /// The server name in the ClientHello.
  var serverName: String? {
    switch unsafe callbackState.pointee.request {
    case .sent(let serverName): serverName
    case .received(let wish): wish.serverName
    case nil: nil
    }
  }

  /// The application protocol's name as the server sent it.
  var selectedApplicationProtocol: [UInt8]? {
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    unsafe SSL_get0_alpn_selected(ssl, &name, &count)
    return unsafe name.map { unsafe [UInt8](UnsafeBufferPointer(start: $0, count: Int(count))) }
  }

  var version: TLSVersion { unsafe TLSVersion(rawValue: UInt16(truncatingIfNeeded: SSL_version(ssl))) }

  var negotiated: TLSEngine.NegotiatedParameters {
    // During a renegotiation the session is the new one, which has no suite before libssl has chosen it.
    let suite = unsafe SSL_get_current_cipher(ssl) ?? SSL_get_pending_cipher(ssl)
    let hasSession = unsafe SSL_get_session(ssl) != nil
    return unsafe TLSEngine.NegotiatedParameters(
      version: version,
      cipherSuite: TLSCipherSuite(rawValue: suite.map { unsafe SSL_CIPHER_get_protocol_id($0) } ?? 0),
      group: !hasSession
        ? nil
        : sitls_group_name(ssl).flatMap {
          unsafe TLSGroup(
            declared: String(cString: $0), in: ContextCallbackState.of(ssl)?.library ?? TLSLibraryContext.default)
        },
      applicationProtocol: selectedApplicationProtocol.map { String(decoding: $0, as: UTF8.self) },
      serverName: serverName, isResumed: isResumed,
      peerAuthentication: peerAuthentication, ownSignatureScheme: ownSignatureScheme,
      peerSignatureScheme: peerSignatureScheme,
      secretBits: Int(SSL_CIPHER_get_bits(suite, nil)),
      hasExtendedMainSecret: SSL_version(ssl) >= TLS1_3_VERSION || sitls_has_extended_main_secret(ssl),
      isHelloRetried: SSL_version(ssl) >= TLS1_3_VERSION && callbackState.pointee.hellos == .retried)
  }

  private var peerAuthentication: TLSEngine.PeerAuthentication {
    if let preSharedIdentity { return .preSharedKey(identity: preSharedIdentity) }
    if unsafe SSL_get0_peer_certificate(ssl) != nil { return .certificate }
    return peerPublicKey == nil ? .none : .rawPublicKey
  }

  var peerCertificates: [TLSCertificate] { unsafe Self.peerCertificates(of: ssl, callbackState.pointee.offered) }

  func exportKeyingMaterial(label: [UInt8], context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8] {
    if state.isInsideMessage, unsafe SSL_version(ssl) < TLS1_3_VERSION {
      throw TLSError(
        .handshakeNotComplete, .misuse, hint: "the secret is being replaced: repeat the call after the renegotiation")
    }
    guard unsafe SSL_version(ssl) >= TLS1_3_VERSION || sitls_has_extended_main_secret(ssl) else {
      throw TLSError(
        .unsupported, .peer,
        hint:
          "this TLS 1.2 connection has no extended main secret (RFC 7627): exported material would not be bound to it")
    }
    ErrorQueue.clear()
    var material = [UInt8](repeating: 0, count: count)
    let result = unsafe label.withUnsafeBytes { label in
      unsafe SSL_export_keying_material(
        ssl, &material, count, label.baseAddress?.assumingMemoryBound(to: CChar.self), label.count,
        context ?? [], context?.count ?? 0, context == nil ? 0 : 1)
    }
    guard result == 1 else {
      throw TLSError(
        .openSSLFailure, .local, hint: "libssl could not export keying material", openSSLErrors: ErrorQueue.take())
    }
    return material
  }
}
