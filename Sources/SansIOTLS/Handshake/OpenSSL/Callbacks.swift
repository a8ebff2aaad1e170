internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The functions that libssl calls. They only record: what they learn is read by the engine after the call that they
/// happened in, and what they answer was decided before it. One hands a value to the application and gets
/// nothing back: the key log sink. Each leaves the error queue as it found it, unless it makes the handshake fail.
///
/// The pointers they are handed live for the duration of the callback; everything kept is copied or referenced.
enum Callbacks {
  static let info: @convention(c) (OpaquePointer?, Int32, Int32) -> Void = { ssl, place, value in
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

  static let message:
    @convention(c) (
      Int32, Int32, Int32, UnsafeRawPointer?, Int, OpaquePointer?, UnsafeMutableRawPointer?
    ) -> Void = { isSent, _, kind, bytes, count, ssl, _ in
      guard let callbackState = unsafe CallbackState.of(ssl), let tap = unsafe callbackState.pointee.tap else { return }
      unsafe tap.note(
        kind, isSent == 1 ? .sent : .received, UnsafeRawBufferPointer(start: bytes, count: count),
        isTLS13: SSL_version(ssl) == TLS1_3_VERSION, isSettled: SSL_is_init_finished(ssl) == 1)
    }

  static let verify: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { store, _ in
    let ssl = unsafe OpaquePointer(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()))
    guard let store = unsafe store, let ssl = unsafe ssl, let callbackState = unsafe CallbackState.of(ssl) else {
      return 0
    }
    ERR_set_mark()
    let result = unsafe verify(store, ssl, callbackState)
    if result == 1 {
      // What a check leaves (a signature that does not even decode) would make SSL_get_error report a failure.
      ERR_pop_to_mark()
    } else {
      // The handshake fails by it: what libcrypto found is part of the failure.
      ERR_clear_last_mark()
    }
    return result
  }

  /// Checks the peer's chain and asks the application, or gives libssl the application's answer. The chain is checked once.
  private static func verify(
    _ store: OpaquePointer, _ ssl: OpaquePointer, _ callbackState: UnsafeMutablePointer<CallbackState>
  ) -> Int32 {
    if case .answered(let answer) = unsafe callbackState.pointee.peerCertificate {
      return unsafe resume(store, callbackState, answer)
    }
    // What the application accepted where an offered session was made is not about this certificate.
    unsafe callbackState.pointee.isAcceptedOutOfDate = false
    unsafe sitls_set_host_flags(store)
    let verdict = unsafe X509_verify_cert(store)
    let isAsking = unsafe callbackState.pointee.pausesAtPeerCertificates
    // Without a question, the details matter only of a chain that was not accepted.
    if isAsking || verdict != 1 { unsafe callbackState.pointee.verification = TLSVerificationResult(of: store) }
    if isAsking {
      unsafe callbackState.pointee.peerCertificate = .asked(TLSCertificate.references(in: sitls_sent_chain(store)))
      unsafe callbackState.pointee.verifiedChain = VerifiedChain(of: store)
      return unsafe sitls_suspend_verification(ssl) ? 1 : 0
    }
    let isAccepted = unsafe verdict == 1 || callbackState.pointee.ignoresVerdict
    unsafe callbackState.pointee.isPeerAccepted = isAccepted
    return isAccepted ? 1 : verdict
  }

  /// Goes on after the answer, with what the check found before the question.
  private static func resume(
    _ store: OpaquePointer, _ callbackState: UnsafeMutablePointer<CallbackState>, _ answer: CallbackState.RecordedAnswer
  ) -> Int32 {
    unsafe callbackState.pointee.verifiedChain?.move(to: store)
    unsafe callbackState.pointee.verifiedChain = nil
    var code = unsafe callbackState.pointee.verification.map { Int32($0.code) } ?? X509_V_ERR_UNSPECIFIED
    var isAccepted = unsafe code == X509_V_OK || callbackState.pointee.ignoresVerdict
    switch answer {
    case .proceed: break
    case .accept:
      code = X509_V_OK
      isAccepted = true
    case .reject(let alert):
      code = verificationCode(for: alert) ?? X509_V_ERR_CERT_REJECTED
      isAccepted = false
    }
    unsafe X509_STORE_CTX_set_error(store, code)
    unsafe callbackState.pointee.isPeerAccepted = isAccepted
    return isAccepted ? 1 : 0
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
    ErrorQueue.preserving { unsafe examineClientHello(of: ssl, alert) }
  }

  private static func examineClientHello(of ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?) -> Int32 {
    guard let ssl = unsafe ssl, let callbackState = unsafe CallbackState.of(ssl) else { return SSL_CLIENT_HELLO_ERROR }
    let wish = unsafe TLSEngine.ClientHello.Selectors(of: ssl)
    // What was decided by the first ClientHello would not be about the second (RFC 8446, section 4.1.2).
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

  /// A TLS 1.2 client shows libssl's current certificate or none: the first that the server asked for and can check is made
  /// current, and where there is no such, none is left.
  static let chooseClientCertificate: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { ssl, _ in
    ErrorQueue.preserving { unsafe makeFittingCertificateCurrent(ssl) }
    return 1
  }

  private static func makeFittingCertificateCurrent(_ ssl: OpaquePointer?) {
    var types: UnsafePointer<UInt8>?
    let typeCount = unsafe sitls_certificate_types(ssl, &types)
    let requested = unsafe UnsafeBufferPointer(start: types, count: Int(typeCount))
    var position = Int(SSL_CERT_SET_FIRST)
    while unsafe SSL_ctrl(ssl, SSL_CTRL_SET_CURRENT_CERT, position, nil) == 1 {
      defer { position = Int(SSL_CERT_SET_NEXT) }
      let type = unsafe certificateType(of: SSL_get_privatekey(ssl))
      // TLS 1.3 has no types.
      guard unsafe requested.isEmpty || type.map(requested.contains) ?? true else { continue }
      let fitness = unsafe SSL_check_chain(ssl, SSL_get_certificate(ssl), SSL_get_privatekey(ssl), nil)
      // The server can check what this key signs, and the certificate is sound or of a type that the server asked for.
      if fitness & CERT_PKEY_SIGN != 0, fitness & (CERT_PKEY_VALID | CERT_PKEY_CERT_TYPE) != 0 { return }
    }
    if requested.isEmpty {
      unsafe SSL_ctrl(ssl, SSL_CTRL_SET_CURRENT_CERT, Int(SSL_CERT_SET_FIRST), nil)
    } else {
      unsafe SSL_certs_clear(ssl)
    }
  }

  /// The type that a TLS 1.2 server asks for a certificate with this key by (RFC 5246, section 7.4.4; RFC 8422, section 5.5);
  /// `nil` if the key is of a kind that has none.
  private static func certificateType(of key: OpaquePointer?) -> UInt8? {
    switch unsafe EVP_PKEY_get_base_id(key) {
    case EVP_PKEY_RSA, EVP_PKEY_RSA_PSS: UInt8(TLS_CT_RSA_SIGN)
    case EVP_PKEY_DSA: UInt8(TLS_CT_DSS_SIGN)
    case EVP_PKEY_EC, EVP_PKEY_ED25519, EVP_PKEY_ED448: UInt8(TLS_CT_ECDSA_SIGN)
    default: nil
    }
  }

  static let newSession: @convention(c) (OpaquePointer?, OpaquePointer?) -> Int32 = { ssl, session in
    ErrorQueue.preserving {
      // A copy: libssl marks the connection's own as not resumable when the connection fails, maybe while another thread
      // reads it. 0 says that the reference handed in was not kept.
      guard let callbackState = unsafe CallbackState.of(ssl), let origin = unsafe ContextCallbacks.of(ssl)?.origin,
        let copy = unsafe SSL_SESSION_dup(session)
      else { return 0 }
      let provenance = TLSSession.Provenance(
        origin: origin, serverName: unsafe SSLHandle.serverName(of: ssl, sent: callbackState.pointee.request),
        isAcceptedOutOfDate: unsafe callbackState.pointee.isAcceptedOutOfDate)
      unsafe callbackState.pointee.newSessions.append(TLSSession(adopting: copy, provenance))
      unsafe callbackState.pointee.hasPendingEvents = true
      return 0
    }
  }

  /// A resumption shows no certificate, so a ticket must prove what a full handshake would: that the client showed a certificate
  /// if it must, and that this is still in date. Otherwise a full handshake follows, and asks for one.
  static let openTicket: SSL_CTX_decrypt_session_ticket_fn = { ssl, session, _, _, status, _ in
    ErrorQueue.preserving {
      guard status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW else {
        return SSL_TICKET_RETURN_IGNORE_RENEW
      }
      guard let callbacks = unsafe ContextCallbacks.of(ssl), let session = unsafe session else {
        return SSL_TICKET_RETURN_IGNORE
      }
      let leaf = unsafe SSL_SESSION_get0_peer(session)
      let isInDate =
        unsafe leaf == nil || callbacks.ignoresVerdict || TLSCertificate.isInDate(leaf, by: SSL_get0_param(ssl))
      let isShown = unsafe leaf != nil || callbacks.demand != .always
      guard isInDate, isShown else { return SSL_TICKET_RETURN_IGNORE_RENEW }
      return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW
    }
  }

  static let keyLog: SSL_CTX_keylog_cb_func = { ssl, line in
    guard let line = unsafe line, let sink = unsafe ContextCallbacks.of(ssl)?.keyLog else { return }
    ErrorQueue.preserving { sink(unsafe String(cString: line)) }
  }

  static let selectApplicationProtocol: SSL_CTX_alpn_select_cb_func = { _, out, outLength, offered, count, argument in
    guard let argument = unsafe argument else { return SSL_TLSEXT_ERR_NOACK }
    let callbacks = unsafe Unmanaged<ContextCallbacks>.fromOpaque(argument).takeUnretainedValue()
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

/// What a context's callbacks need: immutable after init, alive as long as the `TLSContext`, which every engine that uses
/// it keeps.
///
/// `@unchecked`: the buffer is written in init alone.
@safe
final class ContextCallbacks: @unchecked Sendable {
  /// What sessions made with the context are known by.
  let origin: TLSSession.Origin
  let keyLog: (@Sendable (String) -> Void)?
  let refusesMismatch: Bool
  let demand: PeerProof.Demand
  let ignoresVerdict: Bool
  /// The protocol list in wire form; libssl points into it, so it must not move.
  let protocolList: UnsafeBufferPointer<UInt8>

  init(_ configuration: TLSContext.Configuration) {
    keyLog = configuration.keyLog
    refusesMismatch = configuration.applicationProtocolMismatch == .refuse
    demand = configuration.peerDemand
    ignoresVerdict = configuration.peerVerification == .none
    origin = TLSSession.Origin(
      identities: Set(configuration.role == .client ? configuration.identities.map { $0.chain[0] } : []),
      pausesAtPeerCertificates: configuration.pausesAtPeerCertificates)
    let protocolList = configuration.applicationProtocols.flatMap { [UInt8(clamping: $0.utf8.count)] + $0.utf8 }
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

extension TLSVerificationResult {
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
