internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Owns an `SSL`, its BIO pair and the state that its callbacks write. Every call of libssl that can do I/O goes
/// through `perform`.
///
/// `@unchecked Sendable`: the handle is noncopyable and used only by mutating methods of the one engine that owns it,
/// so at any moment one thread at most is inside libssl with this `SSL`. `@safe`: `ssl` and `callbackState` are valid
/// from init to deinit; `callbackState.network` is nil or the engine's half of the pair.
@safe
struct SSLHandle: ~Copyable, @unchecked Sendable {
  let ssl: OpaquePointer
  let callbackState: UnsafeMutablePointer<CallbackState>
  /// The rules of the engine. They are kept here, and only once, because they also decide how the BIO pair is created
  /// after hibernation: whether the input ended, and whether close_notify was sent.
  var state = EngineState()
  /// libssl may hold decrypted bytes: a read could find something although no ciphertext waits.
  var hasBufferedPlaintext = false
  /// The first write of this server sends session tickets too.
  var owesTickets = false
  /// libssl writes into the queue after the handshake too.
  var alwaysQueues: Bool
  let ringSize: Int

  /// The outcome of one call of libssl.
  enum Outcome {
    case success
    /// libssl needs more ciphertext.
    case wantsRead
    /// A record without application data was read, or a message after the handshake; there may be more.
    case controlRecord
    case asksClientHello
    case asksPeerCertificate
    case asksCertificateRequest
    /// The peer's close_notify was read.
    case peerClosed
    case failed(Failure)
  }

  /// The facts about a failed call, from which a `TLSError` is created.
  struct Failure {
    let code: Int32
    let entries: [TLSError.OpenSSLEntry]
    /// The transport had ended inside a record.
    let isMidRecord: Bool
  }

  private init(ssl: OpaquePointer, limits: TLSEngine.Limits, context: TLSContext) {
    unsafe self.ssl = ssl
    ringSize = limits.bufferByteCount
    alwaysQueues = context.queuesOutput
    unsafe callbackState = UnsafeMutablePointer<CallbackState>.allocate(capacity: 1)
    unsafe callbackState.initialize(to: CallbackState(limits: limits, context: context))
    unsafe SSL_set_ex_data(ssl, 0, callbackState)
    unsafe SSL_set_info_callback(ssl, Callbacks.info)
  }

  /// Creates a handle that is ready for its first step.
  static func make(
    _ endpoint: TLSEngine.Endpoint, context: TLSContext, limits: TLSEngine.Limits, session: TLSSession?,
    sendsEarlyData: Bool, keepsMessages: Bool
  ) throws(TLSError) -> SSLHandle {
    ErrorQueue.clear()
    guard let ssl = unsafe SSL_new(context.handle.context) else {
      throw TLSError(
        .openSSLFailure, .local, hint: "libssl could not create a connection object", openSSLErrors: ErrorQueue.take())
    }
    var handle = unsafe SSLHandle(ssl: ssl, limits: limits, context: context)
    // Before SSL_set_connect_state, which creates the record layer.
    if keepsMessages { handle.startTap(limit: limits.tracedMessageCount) }
    try handle.attach()
    switch endpoint {
    case .client(let serverName):
      unsafe SSL_set_connect_state(ssl)
      try handle.setServerName(serverName)
      if let session { try handle.offer(session, to: serverName, by: context) }
      if sendsEarlyData { handle.prepareEarlyData(session, by: context) }
    case .server:
      unsafe SSL_set_accept_state(ssl)
      handle.expectEarlyData(by: context)
    }
    return handle
  }

  deinit {
    // SSL_free without the flags would mark the session as not resumable, although nothing is wrong with it.
    unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
    unsafe SSL_free(ssl)
    unsafe BIO_free(callbackState.pointee.network)
    unsafe BIO_free(callbackState.pointee.queue)
    unsafe callbackState.deinitialize(count: 1)
    unsafe callbackState.deallocate()
  }

  /// Performs an I/O call of libssl: no other function does. Clears the error queue, calls, and classifies the result
  /// once.
  ///
  /// WANT_WRITE is never returned: the buffer is spilled and the call repeated.
  @inline(__always)
  mutating func perform(_ call: (OpaquePointer) -> Int32) -> Outcome {
    wake()
    ErrorQueue.clear()
    let result = unsafe call(ssl)
    return result > 0 ? .success : unsafe classify(result, of: call)
  }

  /// Classifies a result other than success. Apart from `perform`, so that the path of every record is short.
  @inline(never)
  private mutating func classify(_ result: Int32, of call: (OpaquePointer) -> Int32) -> Outcome {
    var code = unsafe SSL_get_error(ssl, result)
    while code == SSL_ERROR_WANT_WRITE {
      unsafe callbackState.pointee.spill()
      ErrorQueue.clear()
      let result = unsafe call(ssl)
      if result > 0 { return .success }
      code = unsafe SSL_get_error(ssl, result)
    }
    return classify(code)
  }

  private mutating func classify(_ code: Int32) -> Outcome {
    countRings()
    state.isInsideMessage = unsafe SSL_in_init(ssl) != 0
    switch code {
    case SSL_ERROR_WANT_READ:
      let request = unsafe BIO_ctrl_get_read_request(callbackState.pointee.network)
      unsafe callbackState.pointee.lastReadRequest = request == 0 ? 5 : Int32(clamping: request)
      // libssl found too little in the buffer, or processed a whole record and returned without asking further.
      return request == 0 ? .controlRecord : .wantsRead
    case SSL_ERROR_ZERO_RETURN:
      return .peerClosed
    case SSL_ERROR_SYSCALL where hasSilentlyClosed:
      return .peerClosed
    case SSL_ERROR_WANT_X509_LOOKUP:
      questions?.certificateRequest = unsafe .asked(
        TLSEngine.CertificateRequest(
          of: ssl, serverCertificates: peerCertificates, isPostHandshake: state.isHandshakeDone))
      return .asksCertificateRequest
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      return .asksClientHello
    case Int32(sitls_error_want_retry_verify):
      return .asksPeerCertificate
    default:
      return .failed(Failure(code: code, entries: ErrorQueue.take(), isMidRecord: !isBetweenRecords))
    }
  }

  /// The peer's close_notify was read although `SSL_get_error` does not report it.
  ///
  /// It returns ZERO_RETURN if the last warning was close_notify. In TLS 1.3 user_canceled counts as a warning;
  /// close_notify, from libssl 3.2 on or at the fatal level, does not. For the two in a row, as RFC 8446, section 6.1,
  /// requires them, it returns SSL_ERROR_SYSCALL with an empty error queue (openssl#25254). The only other end that
  /// sets the flag, a fatal alert, leaves an entry in the queue.
  private var hasSilentlyClosed: Bool {
    unsafe ERR_peek_error() == 0 && SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0
  }
}
