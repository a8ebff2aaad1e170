internal import CSansIOTLSOpenSSL

extension Callbacks {
  static let selectApplicationProtocol: SSL_CTX_alpn_select_cb_func = { _, out, outLength, offered, count, argument in
    guard let argument = unsafe argument else { return SSL_TLSEXT_ERR_NOACK }
    let callbacks = unsafe Unmanaged<ContextCallbackState>.fromOpaque(argument).takeUnretainedValue()
    let ours = unsafe callbacks.protocolList
    var selected: UnsafeMutablePointer<UInt8>?
    let result = ErrorQueue.preserving {
      unsafe SSL_select_next_proto(
        &selected, outLength, ours.baseAddress, UInt32(clamping: ours.count), offered, count)
    }
    guard result == OPENSSL_NPN_NEGOTIATED else {
      return callbacks.refusesMismatch ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK
    }
    unsafe out?.pointee = unsafe UnsafePointer(selected)
    return SSL_TLSEXT_ERR_OK
  }
}
