internal import CSansIOTLSOpenSSL

extension Callbacks {
  static let message:
    @convention(c) (
      Int32, Int32, Int32, UnsafeRawPointer?, Int, OpaquePointer?, UnsafeMutableRawPointer?
    ) -> Void = { isSent, _, kind, bytes, count, ssl, _ in
      guard let callbackState = unsafe CallbackState.of(ssl) else { return }
      if isSent == 0, kind == SSL3_RT_HANDSHAKE {
        unsafe Callbacks.noteClientHello(UnsafeRawBufferPointer(start: bytes, count: count), callbackState)
      }
      guard let tap = unsafe callbackState.pointee.tap else { return }
      // After close_notify libssl writes to a BIO of its own: what it reports as sent is discarded.
      let output = unsafe SSL_get_wbio(ssl)
      if isSent == 1, unsafe output != SSL_get_rbio(ssl), unsafe output != callbackState.pointee.queue { return }
      let message = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
      unsafe tap.note(
        kind, isSent == 1 ? .sent : .received, message, isTLS13: SSL_version(ssl) == TLS1_3_VERSION,
        isSettled: SSL_is_init_finished(ssl) == 1,
        identities: kind == SSL3_RT_HANDSHAKE ? ShownIdentities.of(message, ssl) : [])
    }
}
