internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension Callbacks {
  static let info: @convention(c) (OpaquePointer?, Int32, Int32) -> Void = { ssl, place, value in
    if place & SSL_CB_LOOP != 0 {
      unsafe noteAuthentication(ssl)
      if place & Int32(SSL_ST_CONNECT) != 0 { unsafe noteHello(ssl) }
      return
    }
    guard place & SSL_CB_ALERT != 0, let callbackState = unsafe CallbackState.of(ssl) else { return }
    let isFatal = value >> 8 == SSL3_AL_FATAL
    let alert = TLSAlert(rawValue: UInt8(truncatingIfNeeded: value))
    if place & SSL_CB_WRITE != 0 {
      if isFatal {
        unsafe callbackState.pointee.alertSent = alert
      } else if alert == .noRenegotiation {
        unsafe callbackState.pointee.declinedRenegotiations += 1
        unsafe callbackState.pointee.hasPendingEvents = true
      }
    } else if !isFatal, alert != .closeNotify {
      unsafe callbackState.pointee.warnings.append(alert)
      unsafe callbackState.pointee.hasPendingEvents = true
    }
  }

  /// Notes the messages of a client authentication. Those of the handshake are noted too, and forgotten when it is
  /// complete.
  private static func noteAuthentication(_ ssl: OpaquePointer?) {
    if unsafe sitls_has_read_finished(ssl) {
      unsafe CallbackState.of(ssl)?.pointee.hasReadFinished = true
    } else if unsafe sitls_has_read_certificate_request(ssl) {
      unsafe CallbackState.of(ssl)?.pointee.certificateRequests += 1
      unsafe CallbackState.of(ssl)?.pointee.hasPendingEvents = true
    }
  }

  /// Notes a client's hello after the server's: the server's was a HelloRetryRequest.
  private static func noteHello(_ ssl: OpaquePointer?) {
    guard let callbackState = unsafe CallbackState.of(ssl) else { return }
    switch unsafe callbackState.pointee.hellos {
    case .none: if unsafe sitls_has_read_server_hello(ssl) { unsafe callbackState.pointee.hellos = .one }
    case .one: if unsafe sitls_has_written_client_hello(ssl) { unsafe callbackState.pointee.hellos = .retried }
    case .retried: break
    }
  }
}
