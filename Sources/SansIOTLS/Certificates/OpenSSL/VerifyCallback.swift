internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension Callbacks {
  static let verify: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { store, _ in
    let ssl = unsafe OpaquePointer(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()))
    guard let store = unsafe store, let ssl = unsafe ssl, let callbackState = unsafe CallbackState.of(ssl) else {
      return 0
    }
    ERR_set_mark()
    let result = unsafe verify(store, ssl, callbackState)
    if result == 1 {
      // Entries left by the verification (a signature that does not decode) would make SSL_get_error report a failure.
      ERR_pop_to_mark()
    } else {
      // The handshake fails: the entries of libcrypto are part of the failure.
      ERR_clear_last_mark()
    }
    return result
  }

  /// Verifies the peer's chain and asks the application, or passes the application's answer to libssl. The chain is
  /// verified once.
  private static func verify(
    _ store: OpaquePointer, _ ssl: OpaquePointer, _ callbackState: UnsafeMutablePointer<CallbackState>
  ) -> Int32 {
    if unsafe ContextCallbackState.of(ssl)?.demandsPreSharedKey == true {
      // The server passed over the key. libssl answers this by the alert handshake_failure.
      unsafe callbackState.pointee.preSharedKeys?.isIgnored = true
      unsafe X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
      return 0
    }
    if let result = unsafe RawPublicKeys.judge(store, ssl, callbackState) { return result }
    let questions = unsafe callbackState.pointee.questions
    if let questions, case .answered(let answer) = questions.peerCertificates {
      return unsafe resume(store, callbackState, questions, answer)
    }
    // What the application accepted when an offered session was created does not apply to this certificate.
    unsafe callbackState.pointee.isAcceptedOutOfDate = false
    let result = unsafe ChainCheck.run(store, of: ssl, callbackState)
    let isAsking = questions?.pausesAtPeerCertificates == true
    // Without a question, the details matter only for a chain that was not accepted.
    if isAsking || result != 1 { unsafe callbackState.pointee.verification = TLSVerificationResult(of: store) }
    if isAsking, let questions {
      questions.peerCertificates = unsafe .asked(TLSCertificate.references(in: sitls_sent_chain(store)))
      // A server cannot suspend here. It continues without having accepted: the engine asks when the client has proved
      // its key. The session keeps the result of the verification, which a resumption asks about again.
      if unsafe SSL_is_server(ssl) == 1 { return 1 }
      questions.verifiedChain = unsafe VerifiedChain(of: store)
      return unsafe sitls_suspend_verification(ssl) ? 1 : 0
    }
    let isAccepted = unsafe result == 1 || callbackState.pointee.ignoresVerdict
    unsafe callbackState.pointee.isPeerAccepted = isAccepted
    return isAccepted ? 1 : result
  }

  /// Continues after the answer, with the verification result from before the question.
  private static func resume(
    _ store: OpaquePointer, _ callbackState: UnsafeMutablePointer<CallbackState>, _ questions: QuestionState,
    _ answer: QuestionState.RecordedAnswer
  ) -> Int32 {
    unsafe questions.verifiedChain?.move(to: store)
    questions.verifiedChain = nil
    var code = unsafe callbackState.pointee.verification.map { Int32($0.code) } ?? X509_V_ERR_UNSPECIFIED
    var isAccepted = unsafe code == X509_V_OK || callbackState.pointee.ignoresVerdict
    switch answer {
    case .proceed: break
    case .accept:
      code = X509_V_OK
      isAccepted = true
    case .reject(let alert), .fail(let alert):
      code = alert.verificationCode ?? X509_V_ERR_CERT_REJECTED
      isAccepted = false
    }
    unsafe X509_STORE_CTX_set_error(store, code)
    unsafe callbackState.pointee.isPeerAccepted = isAccepted
    return isAccepted ? 1 : 0
  }
}
