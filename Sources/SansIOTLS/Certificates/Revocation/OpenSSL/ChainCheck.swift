internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The check of a chain: libcrypto's, with the dates, names and CRLs that its parameters demand, and the pins.
enum ChainCheck {
  /// Verifies the chain of a handshake under way. Corresponds to `X509_verify_cert(3)`.
  ///
  /// - Returns: as `X509_verify_cert`: 1 for success.
  static func run(
    _ store: OpaquePointer, of ssl: OpaquePointer, _ callbackState: UnsafeMutablePointer<CallbackState>
  ) -> Int32 {
    // The staple that an offered session was made with says nothing about this handshake.
    unsafe callbackState.pointee.peerNotes?.staple = .notAsked
    unsafe NameMatching.setFlags(of: store)
    return unsafe run(store, pins: ContextCallbackState.of(ssl)?.pins ?? [])
  }

  /// Verifies a chain whose parameters are set.
  static func run(_ store: OpaquePointer, pins: Set<TLSPublicKeyPin>) -> Int32 {
    let result = unsafe X509_verify_cert(store)
    guard result == 1, !pins.isEmpty, unsafe !isPinned(X509_STORE_CTX_get0_chain(store), pins) else { return result }
    unsafe X509_STORE_CTX_set_error(store, Int32(OwnRefusal.pinMismatch.rawValue))
    unsafe X509_STORE_CTX_set_error_depth(store, 0)
    unsafe X509_STORE_CTX_set_current_cert(store, X509_STORE_CTX_get0_cert(store))
    return 0
  }

  /// Whether any key of the verified chain, the authority's included, is pinned.
  private static func isPinned(_ chain: OpaquePointer?, _ pins: Set<TLSPublicKeyPin>) -> Bool {
    unsafe (0..<sitls_x509_count(chain)).contains { index in
      unsafe sitls_x509_at(chain, index).map { unsafe pins.contains(TLSPublicKeyPin(of: $0)) } ?? false
    }
  }
}
