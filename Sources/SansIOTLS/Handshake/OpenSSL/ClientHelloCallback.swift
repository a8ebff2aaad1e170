internal import CSansIOTLSOpenSSL

extension Callbacks {
  static let clientHello: SSL_client_hello_cb_fn = { ssl, alert, _ in
    ErrorQueue.preserving { unsafe examineClientHello(of: ssl, alert) }
  }

  private static func examineClientHello(of ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?) -> Int32 {
    guard let ssl = unsafe ssl, let callbackState = unsafe CallbackState.of(ssl) else { return SSL_CLIENT_HELLO_ERROR }
    let wish = unsafe TLSEngine.ClientHello.Selectors(of: ssl)
    // Decisions about the first ClientHello would not apply to the second (RFC 8446, section 4.1.2).
    if case .received(let first) = unsafe callbackState.pointee.request, first != wish {
      unsafe alert?.pointee = Int32(TLSAlert.illegalParameter.rawValue)
      return SSL_CLIENT_HELLO_ERROR
    }
    unsafe callbackState.pointee.request = .received(wish)
    guard unsafe callbackState.pointee.pausesAtClientHello else { return SSL_CLIENT_HELLO_SUCCESS }
    switch unsafe callbackState.pointee.clientHello {
    case .none, .asked:
      unsafe callbackState.pointee.clientHello = .asked(TLSEngine.ClientHello(of: ssl, wish))
      return SSL_CLIENT_HELLO_RETRY
    case .answered(.reject(let reason)):
      unsafe alert?.pointee = Int32(reason.rawValue)
      return SSL_CLIENT_HELLO_ERROR
    case .answered:
      return SSL_CLIENT_HELLO_SUCCESS
    }
  }
}
