internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The functions that libssl calls. They only record: what they learn is read by the engine after the call that they
/// happened in, and what they answer was decided before it. One hands a value to the application and gets
/// nothing back: the key log sink.
///
/// The pointers they are handed live for the duration of the callback; everything kept is copied or referenced.
enum Callbacks {
  static let info: @convention(c) (OpaquePointer?, Int32, Int32) -> Void = { ssl, place, value in
    guard place & SSL_CB_ALERT != 0, let record = unsafe ConnectionRecord.of(ssl) else { return }
    let isFatal = value >> 8 == SSL3_AL_FATAL
    let alert = TLSAlert(rawValue: UInt8(truncatingIfNeeded: value))
    if place & SSL_CB_WRITE != 0 {
      if isFatal { unsafe record.pointee.alertSent = alert }
    } else if !isFatal, alert != .closeNotify {
      unsafe record.pointee.warnings.append(alert)
      unsafe record.pointee.hasNews = true
    }
  }

  static let message:
    @convention(c) (
      Int32, Int32, Int32, UnsafeRawPointer?, Int, OpaquePointer?, UnsafeMutableRawPointer?
    ) -> Void = { isSent, _, kind, bytes, count, ssl, _ in
      guard let record = unsafe ConnectionRecord.of(ssl), let tap = unsafe record.pointee.tap else { return }
      unsafe tap.note(
        kind, isSent == 1 ? .sent : .received, UnsafeRawBufferPointer(start: bytes, count: count),
        isTLS13: SSL_version(ssl) == TLS1_3_VERSION, isSettled: SSL_is_init_finished(ssl) == 1)
    }

  static let verify: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { store, _ in
    let ssl = unsafe OpaquePointer(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()))
    guard let store = unsafe store, let record = unsafe ConnectionRecord.of(ssl) else { return 0 }
    let verdict = unsafe X509_verify_cert(store)
    let accepted = unsafe record.pointee.ignoresVerdict ? 1 : verdict
    let isAsking = unsafe record.pointee.asksAboutPeerCertificate
    // Nobody asks for the details of a chain that was accepted.
    if isAsking || verdict != 1 { unsafe record.pointee.verification = CertificateCheck(of: store) }
    guard isAsking else { return accepted }
    switch unsafe record.pointee.peerCertificate {
    case .none, .asked, .inherited:
      let chain = unsafe TLSCertificate.references(in: sitls_sent_chain(store))
      unsafe record.pointee.peerCertificate = .asked(chain)
      // What the check left (a signature that does not even decode) would make SSL_get_error report a failure.
      ErrorQueue.clear()
      return unsafe sitls_suspend_verification(ssl) ? 1 : 0
    case .answered(.proceed):
      return accepted
    case .answered(.accept):
      unsafe X509_STORE_CTX_set_error(store, X509_V_OK)
      return 1
    case .answered(.reject(let alert)):
      unsafe X509_STORE_CTX_set_error(store, verificationCode(for: alert) ?? X509_V_ERR_CERT_REJECTED)
      return 0
    }
  }

  /// The verification result that libssl tells its peer by `alert`; `nil` if there is none.
  static func verificationCode(for alert: TLSAlert) -> Int32? {
    switch alert {
    case .badCertificate: X509_V_ERR_CERT_REJECTED
    case .unsupportedCertificate: X509_V_ERR_INVALID_PURPOSE
    case .certificateRevoked: X509_V_ERR_CERT_REVOKED
    case .certificateExpired: X509_V_ERR_CERT_HAS_EXPIRED
    case .certificateUnknown: X509_V_ERR_NO_EXPLICIT_POLICY
    case .unknownCA: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    case .handshakeFailure: X509_V_ERR_APPLICATION_VERIFICATION
    default: nil
    }
  }

  static let clientHello: SSL_client_hello_cb_fn = { ssl, alert, _ in
    guard let ssl = unsafe ssl, let record = unsafe ConnectionRecord.of(ssl) else { return SSL_CLIENT_HELLO_ERROR }
    let wish = unsafe ClientHello.Wish(of: ssl)
    // What was decided by the first ClientHello would not be about the second (RFC 8446, section 4.1.2).
    if case .received(let first) = unsafe record.pointee.request, first != wish {
      unsafe alert?.pointee = Int32(TLSAlert.illegalParameter.rawValue)
      return SSL_CLIENT_HELLO_ERROR
    }
    unsafe record.pointee.request = .received(wish)
    guard unsafe record.pointee.asksAboutClientHello else { return SSL_CLIENT_HELLO_SUCCESS }
    switch unsafe record.pointee.clientHello {
    case .none, .asked, .inherited:
      unsafe record.pointee.clientHello = .asked(ClientHello(of: ssl, wish))
      return SSL_CLIENT_HELLO_RETRY
    case .answered(.reject(let reason)):
      unsafe alert?.pointee = Int32(reason.rawValue)
      return SSL_CLIENT_HELLO_ERROR
    case .answered:
      return SSL_CLIENT_HELLO_SUCCESS
    }
  }

  /// A TLS 1.2 client shows libssl's current certificate or none; with several identities the first that the server can
  /// check is made current.
  static let chooseClientCertificate: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { ssl, _ in
    var position = Int(SSL_CERT_SET_FIRST)
    while unsafe SSL_ctrl(ssl, SSL_CTRL_SET_CURRENT_CERT, position, nil) == 1 {
      let fitness = unsafe SSL_check_chain(ssl, SSL_get_certificate(ssl), SSL_get_privatekey(ssl), nil)
      // The server can check what this key signs, and the certificate is sound or of a type that the server asked for.
      if fitness & CERT_PKEY_SIGN != 0, fitness & (CERT_PKEY_VALID | CERT_PKEY_CERT_TYPE) != 0 { return 1 }
      position = Int(SSL_CERT_SET_NEXT)
    }
    unsafe SSL_ctrl(ssl, SSL_CTRL_SET_CURRENT_CERT, Int(SSL_CERT_SET_FIRST), nil)
    return 1
  }

  static let newSession: @convention(c) (OpaquePointer?, OpaquePointer?) -> Int32 = { ssl, session in
    // A copy: libssl marks the connection's own as not resumable when the connection fails, maybe while another thread
    // reads it. 0 says that the reference handed in was not kept.
    guard let record = unsafe ConnectionRecord.of(ssl), let origin = unsafe ContextCallbacks.of(ssl)?.origin,
      let copy = unsafe SSL_SESSION_dup(session)
    else { return 0 }
    let acceptedFor =
      unsafe record.pointee.wasAcceptedByAnswer(isResumed: SSL_session_reused(ssl) == 1)
      ? SSLHandle.verifiedName(of: ssl) : nil
    unsafe record.pointee.newSessions.append(TLSSession(adopting: copy, origin: origin, acceptedFor: acceptedFor))
    unsafe record.pointee.hasNews = true
    return 0
  }

  static let keyLog: SSL_CTX_keylog_cb_func = { ssl, line in
    guard let line = unsafe line else { return }
    unsafe ContextCallbacks.of(ssl)?.keyLog?(String(cString: line))
  }

  static let selectApplicationProtocol: SSL_CTX_alpn_select_cb_func = { _, out, outLength, offered, count, argument in
    guard let argument = unsafe argument else { return SSL_TLSEXT_ERR_NOACK }
    let callbacks = unsafe Unmanaged<ContextCallbacks>.fromOpaque(argument).takeUnretainedValue()
    let ours = unsafe callbacks.protocolList
    var selected: UnsafeMutablePointer<UInt8>?
    let result = unsafe SSL_select_next_proto(
      &selected, outLength, ours.baseAddress, UInt32(ours.count), offered, count)
    guard result == OPENSSL_NPN_NEGOTIATED else {
      return callbacks.refusesMismatch ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK
    }
    unsafe out?.pointee = unsafe UnsafePointer(selected)
    return SSL_TLSEXT_ERR_OK
  }
}

/// What a context's callbacks need: immutable after init, alive as long as the `TLSContext`, which every engine that uses
/// it keeps.
///
/// `@unchecked`: the buffer is written in init alone.
@safe
final class ContextCallbacks: @unchecked Sendable {
  /// What sessions made with the context are known by.
  let origin = TLSSession.Origin()
  let keyLog: (@Sendable (String) -> Void)?
  let refusesMismatch: Bool
  /// The protocol list in wire form; libssl points into it, so it must not move.
  let protocolList: UnsafeBufferPointer<UInt8>

  init(keyLog: (@Sendable (String) -> Void)?, protocolList: [UInt8], refusesMismatch: Bool) {
    self.keyLog = keyLog
    self.refusesMismatch = refusesMismatch
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: protocolList.count)
    _ = unsafe buffer.initialize(from: protocolList)
    unsafe self.protocolList = UnsafeBufferPointer(buffer)
  }

  deinit { unsafe protocolList.deallocate() }

  /// Those of the context that a connection has at this moment.
  static func of(_ ssl: OpaquePointer?) -> ContextCallbacks? {
    guard let application = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0) else { return nil }
    return unsafe Unmanaged<ContextCallbacks>.fromOpaque(application).takeUnretainedValue()
  }
}

extension CertificateCheck {
  /// Reads the result out of a store context while its callback runs.
  init(of store: OpaquePointer) {
    let code = unsafe X509_STORE_CTX_get_error(store)
    let certificate = unsafe X509_STORE_CTX_get_current_cert(store)
    unsafe self.init(
      code: Int(code), text: String(cString: X509_verify_cert_error_string(Int(code))),
      depth: Int(X509_STORE_CTX_get_error_depth(store)),
      subject: certificate.map { unsafe TLSCertificate.text(of: X509_get_subject_name($0)) } ?? "")
  }
}
