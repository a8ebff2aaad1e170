internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Per-connection state shared with OpenSSL's callbacks. It has a stable address, because libssl holds it as
/// application data of the `SSL` and as data of its BIOs. Only the thread that is inside a call of the owning engine
/// accesses it.
@safe
struct CallbackState: ~Copyable {
  // MARK: The BIO pair

  /// The engine's half of the pair; `nil` while the buffers are released (hibernation).
  var network: OpaquePointer?
  /// Bytes in the inbound buffer that libssl has not read.
  var inbound = 0
  /// Bytes in the outbound buffer that were neither drained nor spilled.
  var outbound = 0
  var spilled: SpillQueue
  /// Appends to `spilled` what libssl writes into it. It is made when it is first needed.
  var queue: OpaquePointer?

  // MARK: Alerts and certificates

  // Small members lie together, so that the struct has no gaps.
  var alertSent: TLSAlert?
  /// The callback that verifies certificates ran in this handshake, and accepted the peer.
  var isPeerAccepted = false
  /// The application accepted an expired or not yet valid certificate, here or when the session was created.
  var isAcceptedOutOfDate = false
  /// The session that a client offers was made with the same context, for the same server name.
  var offersOwnSession = false
  /// libssl has read a client's Finished since the engine last looked.
  var hasReadFinished = false
  /// The number of requests for a certificate that a client has read after the handshake.
  var certificateRequests: UInt32 = 0
  /// Renegotiations that a client may still begin; `nil` before its handshake is complete.
  var renegotiationsLeft: UInt32?
  /// A client began one renegotiation too many.
  var hasExceededRenegotiations = false
  var hellos = Hellos.none
  /// The number of renegotiation requests that libssl has declined by a warning.
  var declinedRenegotiations: UInt32 = 0
  var warnings: [TLSAlert] = []
  /// The notes about the peer's verification; `nil` if there is nothing to note.
  var peerNotes: PeerNotes?
  // MARK: Questions

  /// For a resumed TLS 1.2 session libssl reports the name that it was created with, so the requested name is kept
  /// here.
  enum Request {
    case sent(serverName: String)
    /// By the first ClientHello; the second, after a HelloRetryRequest, must not differ.
    case received(TLSEngine.ClientHello.Selectors)
  }

  /// The hellos so far, as needed to see whether the client repeated its own in TLS 1.3.
  enum Hellos {
    case none
    /// A server has received one; a client has received the answer to its own.
    case one
    /// A server has received another; a client has sent another after the answer.
    case retried
  }

  /// The number of bytes that libssl last requested: 5 for a record header, then the rest of the body.
  var lastReadRequest: Int32 = 5
  /// There are new warnings or sessions. Always true with a tap: whether messages passed is not a separate question, so
  /// that a connection without a tap pays nothing.
  var hasPendingEvents: Bool
  /// The configuration disables the verification of chains.
  var ignoresVerdict: Bool
  /// The server name of the ClientHello; `nil` before it was received, and for a client that sends none.
  var request: Request?
  /// The questions and answers; `nil` if the context asks nothing.
  let questions: QuestionState?

  /// The early data; `nil` for a connection without.
  var early: EarlyData?

  /// In one member, since a connection has one role.
  enum Resumption {
    case none
    /// The session that a client offers, then resumes.
    case offered(TLSSession)
    /// The state of a server's sessions.
    case served(ServerSessions)
  }
  var resumption: Resumption
  var newSessions: [TLSSession] = []
  /// The pre-shared keys of the connection; `nil` if it has none.
  var preSharedKeys: PreSharedKeyState?
  /// Keeps traced messages, if the configuration or the test kit enables it.
  var tap: MessageTap?

  init(limits: TLSEngine.Limits, context: TLSContext) {
    tap = context.tracesMessages ? MessageTap(limit: limits.tracedMessageCount) : nil
    hasPendingEvents = tap != nil
    resumption = context.handle.ticketCipher.map { .served(ServerSessions($0)) } ?? .none
    spilled = SpillQueue(limit: limits.pendingOutputByteCount)
    questions = context.asksQuestions ? QuestionState(context) : nil
    ignoresVerdict = context.ignoresVerdict
  }

  var offered: TLSSession? { if case .offered(let session) = resumption { session } else { nil } }
  var serverSessions: ServerSessions? { if case .served(let sessions) = resumption { sessions } else { nil } }

  /// The result of the verification, where it failed or was asked about.
  var verification: TLSVerificationResult? {
    get { peerNotes?.verification }
    set {
      let notes = peerNotes ?? PeerNotes()
      notes.verification = newValue
      peerNotes = notes
    }
  }

  /// Moves the outbound buffer's contents to the end of the queue. Corresponds to `BIO_nread(3)`.
  mutating func spill() {
    var window: UnsafeMutablePointer<CChar>?
    while true {
      let taken = Int(unsafe BIO_nread(network, &window, Int32.max))
      guard taken > 0 else { break }
      unsafe spilled.append(UnsafeRawBufferPointer(start: window, count: taken))
    }
    outbound = 0
  }

  /// The state of the connection that `ssl` belongs to.
  static func of(_ ssl: OpaquePointer?) -> UnsafeMutablePointer<CallbackState>? {
    unsafe SSL_get_ex_data(ssl, 0)?.assumingMemoryBound(to: CallbackState.self)
  }

  /// Observes libssl's half of the pair at the end of input: records what libssl was reading.
  static let watch: BIO_callback_fn_ex = { bio, operation, _, length, _, _, result, _ in
    if operation == BIO_CB_READ, let argument = unsafe BIO_get_callback_arg(bio) {
      let callbackState = unsafe UnsafeMutableRawPointer(argument).assumingMemoryBound(to: CallbackState.self)
      unsafe callbackState.pointee.lastReadRequest = Int32(clamping: length)
    }
    return Int(result)
  }
}
