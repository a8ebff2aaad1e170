internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Raw public keys (RFC 7250): what is negotiated, and how a peer's key is judged. libssl has them from 3.2 on.
///
/// `@safe`: the keys are owned from init to deinit.
/// `@unchecked Sendable`: a key is not changed after it was decoded; libcrypto guards its caches itself.
@safe
final class RawPublicKeys: @unchecked Sendable {
  /// The keys that a peer may prove.
  private let accepted: [OpaquePointer]
  /// Whether this side presents its own key to a peer that accepts one.
  private let isPresented: Bool
  private let role: TLSRole

  /// - Returns: `nil` where the configuration has nothing of the kind.
  init?(_ configuration: TLSContext.Configuration, _ library: TLSLibraryContext) throws(TLSError) {
    if configuration.acceptedPublicKeys.isEmpty, !configuration.presentsRawPublicKey { return nil }
    if !sitls_has_raw_public_keys() {
      throw TLSError(
        .unsupported, .local,
        hint: "raw public keys (acceptedPublicKeys, presentsRawPublicKey) need libssl 3.2 or later, and this is "
          + TLSCapabilities.libraryVersion)
    }
    role = configuration.role
    isPresented = configuration.presentsRawPublicKey
    var keys: [OpaquePointer] = unsafe []
    do throws(TLSError) {
      for (index, encoded) in configuration.acceptedPublicKeys.enumerated() {
        unsafe keys.append(try Self.decoded(encoded, "acceptedPublicKeys[\(index)]", library))
      }
    } catch {
      unsafe keys.forEach { unsafe EVP_PKEY_free($0) }
      throw error
    }
    unsafe accepted = keys
  }

  deinit { unsafe accepted.forEach { unsafe EVP_PKEY_free($0) } }

  private static func decoded(
    _ encoded: [UInt8], _ name: String, _ library: TLSLibraryContext
  ) throws(TLSError) -> OpaquePointer {
    ErrorQueue.clear()
    let (key, rest): (OpaquePointer?, Int) = unsafe encoded.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      let key = unsafe d2i_PUBKEY_ex(nil, &cursor, bytes.count, library.pointer, nil)
      return unsafe (key, key == nil ? 0 : bytes.count - bytes.baseAddress!.distance(to: cursor!))
    }
    guard let key = unsafe key else {
      throw TLSError(
        .invalidPublicKey, .misuse,
        hint: "\(name) is no public key in the form SubjectPublicKeyInfo (openssl pkey -pubout -outform DER writes it)",
        openSSLErrors: ErrorQueue.take())
    }
    if rest != 0 {
      unsafe EVP_PKEY_free(key)
      throw TLSError(.invalidPublicKey, .misuse, hint: "\(rest) bytes follow the public key in \(name)")
    }
    return unsafe key
  }

  // MARK: Negotiation

  /// The types of certificates that this side sends, or accepts, preferred first: a raw public key, X.509.
  private static let both: [UInt8] = [2, 0]

  /// The types for the server's certificate, and for the client's; empty for X.509 alone, without the extension.
  private var types: (server: [UInt8], client: [UInt8]) {
    let own = isPresented ? Self.both : []
    let peers = unsafe accepted.isEmpty ? [] : Self.both
    return role == .server ? (own, peers) : (peers, own)
  }

  /// Sets what connections of a context negotiate. Corresponds to `SSL_CTX_set1_server_cert_type(3)`.
  func apply(to context: OpaquePointer) -> Bool {
    let types = types
    return unsafe sitls_ctx_set_certificate_types(
      context, types.server, types.server.count, types.client, types.client.count)
  }

  /// Sets what one connection negotiates, which it copied from its first context.
  static func apply(_ keys: RawPublicKeys?, to ssl: OpaquePointer) -> Bool {
    let types = keys?.types ?? (server: [], client: [])
    return unsafe !sitls_has_raw_public_keys()
      || sitls_set_certificate_types(ssl, types.server, types.server.count, types.client, types.client.count)
  }

  // MARK: Verification

  /// Judges the raw public key that a peer presented: it is accepted if it is among the configured ones. The peer
  /// proves by its signature that it has the private key.
  ///
  /// - Returns: the result for libssl; `nil` if the peer presented a certificate.
  static func judge(
    _ store: OpaquePointer, _ ssl: OpaquePointer, _ callbackState: UnsafeMutablePointer<CallbackState>
  ) -> Int32? {
    guard let key = unsafe sitls_presented_key(store) else { return nil }
    let keys = unsafe ContextCallbackState.of(ssl)?.rawPublicKeys
    let isAccepted = unsafe keys?.accepted.contains { unsafe EVP_PKEY_eq($0, key) == 1 } ?? false
    if !isAccepted {
      unsafe X509_STORE_CTX_set_error(store, untrusted)
      unsafe callbackState.pointee.verification = TLSVerificationResult(
        code: Int(untrusted), text: "raw public key not among the accepted ones")
    } else {
      unsafe X509_STORE_CTX_set_error(store, X509_V_OK)
    }
    unsafe callbackState.pointee.isPeerAccepted = isAccepted
    return isAccepted ? 1 : 0
  }

  /// X509_V_ERR_RPK_UNTRUSTED of 3.2.
  static let untrusted: Int32 = 95
}

extension SSLHandle {
  /// The raw public key that the peer proved in this handshake, or in the one that its session is from.
  var peerKey: OpaquePointer? { unsafe sitls_peer_key(ssl) }

  /// The same in the form SubjectPublicKeyInfo. Corresponds to `SSL_get0_peer_rpk(3)`.
  var peerPublicKey: [UInt8]? {
    guard let key = unsafe peerKey else { return nil }
    return ErrorQueue.preserving {
      let count = Int(unsafe i2d_PUBKEY(key, nil))
      guard count > 0 else { return nil }
      return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        var cursor = buffer.baseAddress
        initialized = max(Int(unsafe i2d_PUBKEY(key, &cursor)), 0)
      }
    }
  }
}
