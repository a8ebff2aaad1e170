internal import CSansIOTLSOpenSSL

extension Callbacks {
  static let keyLog: SSL_CTX_keylog_cb_func = { ssl, line in
    guard let line = unsafe line, let keyLog = unsafe ContextCallbackState.of(ssl)?.keyLog else { return }
    ErrorQueue.preserving { keyLog.write(unsafe String(cString: line)) }
  }
}
