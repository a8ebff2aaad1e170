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
    if let left = unsafe callbackState.pointee.renegotiationsLeft {
      // libssl counts none of a server's renegotiations.
      if left == 0 {
        unsafe callbackState.pointee.hasExceededRenegotiations = true
        unsafe alert?.pointee = Int32(TLSAlert.handshakeFailure.rawValue)
        return SSL_CLIENT_HELLO_ERROR
      }
      unsafe callbackState.pointee.renegotiationsLeft = left - 1
      // What was accepted of the certificate before does not apply to the next one.
      unsafe callbackState.pointee.isPeerAccepted = false
      unsafe callbackState.pointee.hasReadFinished = false
    }
    if let early = unsafe callbackState.pointee.early { unsafe noteEarlyData(of: ssl, early) }
    guard let questions = unsafe callbackState.pointee.questions, questions.pausesAtClientHello else {
      unsafe accept(ssl, callbackState)
      return SSL_CLIENT_HELLO_SUCCESS
    }
    switch questions.clientHello {
    case .none:
      // The message callback has noted every other form.
      questions.clientHello = unsafe .asked(TLSEngine.ClientHello(ofSSL2Form: ssl))
      return SSL_CLIENT_HELLO_RETRY
    case .asked:
      return SSL_CLIENT_HELLO_RETRY
    case .answered(.reject(let reason)):
      unsafe alert?.pointee = Int32(reason.rawValue)
      return SSL_CLIENT_HELLO_ERROR
    case .answered:
      unsafe accept(ssl, callbackState)
      return SSL_CLIENT_HELLO_SUCCESS
    }
  }

  /// Notes a ClientHello that libssl continues with.
  private static func accept(_ ssl: OpaquePointer, _ callbackState: UnsafeMutablePointer<CallbackState>) {
    unsafe callbackState.pointee.hellos = callbackState.pointee.hellos == .none ? .one : .retried
    unsafe SSLHandle.preparePreSharedKey(for: ssl, callbackState)
  }

  /// Notes the first ClientHello before libssl examines it: libssl's own accessors do not show the extensions that it
  /// does not know. What is noted is dropped with the answer.
  static func noteClientHello(
    _ bytes: UnsafeRawBufferPointer, _ callbackState: UnsafeMutablePointer<CallbackState>
  ) {
    guard let questions = unsafe callbackState.pointee.questions, questions.pausesAtClientHello,
      case .none = questions.clientHello,
      let hello = unsafe TLSEngine.ClientHello(message: Array(bytes))
    else { return }
    questions.clientHello = .asked(hello)
  }
}
