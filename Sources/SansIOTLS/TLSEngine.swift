/// A TLS connection without I/O: one `SSL` of libssl on a BIO pair. The caller moves ciphertext between the pair and a
/// transport.
///
/// # Theory of operation
///
/// `SSL_connect(3)` has three answers: 1, the handshake is done; 0, it was refused in a controlled way; negative, it
/// failed, or "satisfy the BIO's needs and repeat the call". With a BIO pair, satisfying the needs is moving bytes in
/// or out of the pair. The engine turns that contract into types: a step reports how far a call is, ``needs`` reports
/// what the engine waits for, and an error that ends the connection is thrown by every later call.
///
/// `feed` adds received ciphertext, `drain` removes ciphertext to send. Each call runs libssl until it would block:
/// when the call returns, libssl cannot make progress without more ciphertext, a `read`, a `write`, a `closeWriting` or
/// an answer. During the handshake `feed` advances libssl; after the handshake it fills the inbound buffer, and `read`
/// decrypts from there directly into the caller's memory. The handshake, and what the outbound buffer cannot hold, is
/// written into a queue: no handshake flight, alert or close_notify is cut short, and no write is left half done.
///
/// The engine has one owner at a time: it is noncopyable, so that the compiler proves that no two threads use it at
/// once.
///
/// ```swift
/// var request = request[...], input: ArraySlice<UInt8> = [], response: [UInt8] = []
/// func flush() throws { while tls.pendingOutputByteCount > 0 { try tls.drain { try transport.send($0) } } }
/// defer { try? flush() }  // the alert after an error, close_notify at the end
/// while true {
///   while case .done(let count) = try tls.write(request), count > 0 { request.removeFirst(count); try flush() }
///   try flush()  // 1. drain first, all of it: the transport may take a part
///   switch try tls.read(upTo: 16_384) {  // 2. read until it needs more
///   case .done(let plaintext): response += plaintext
///   case .needsFeed:  // 3. feed input, or the end of the transport
///     if input.isEmpty { if let bytes = try transport.receive() { input = bytes[...] } else { tls.feedEOF() } }
///     if !input.isEmpty { input = input.dropFirst(try tls.feed(input)) }
///   case .needsAnswer:  // 4. answer the question
///     switch tls.question {
///     case .clientHello(let hello): try tls.answer(delegate.decide(hello))
///     case .peerCertificates(let certificates): try tls.answer(delegate.decide(certificates))
///     default: try tls.answerAsConfigured()
///     }
///   case .endOfStream where request.isEmpty: _ = try tls.closeWriting(); return response  // the peer sent everything
///   case .endOfStream: continue  // write the rest of the request
///   }
/// }
/// ```
///
/// The loop is for a peer that closes first; see <doc:Embedding>.
///
/// Corresponds to `SSL`, `SSL_connect(3)`, `SSL_accept(3)` and `BIO_s_bio(3)`.
public struct TLSEngine: ~Copyable, Sendable {
  /// The limits that this engine enforces.
  public let limits: Limits
  /// The error that ended the connection, `nil` before. Every later call throws it.
  public internal(set) var failure: TLSError?

  var handle: SSLHandle
  var events: EventQueue
  /// The contexts in use: their callbacks' data must live as long as the connection.
  package let context: TLSContext
  var servingContext: TLSContext?
  var opening: PlaintextDetection
  var handshakeBytes: Int
  /// Records in a row without application data, less those that this side asked for.
  var controlRecords: Int
  /// The division of writes into records; none if they are as large as possible. An array, because an optional would
  /// take 56 bytes in every engine.
  var recordSizing: [RecordSizing]
  /// Plaintext of a write that is one record without further thought; none if records have other sizes.
  var singleRecordByteCount: Int
  /// The proof that a client owes after the handshake, from the request to the end of its answer.
  var awaitedProof: PeerProof.Demand?

  /// Creates an engine. A client's ClientHello is immediately available from `drain`.
  ///
  /// - Parameters:
  ///   - endpoint: the role, and for a client the name of the server.
  ///   - context: a context of the same role, kept for the life of the engine.
  ///   - limits: the limits of everything that can grow.
  ///   - session: a session to resume, on a client; it is copied.
  ///   - sendsEarlyData: whether a client will write early data (0-RTT), which an attacker can send again; see
  ///     ``writeEarly(_:)-(RawSpan)``. Where the session does not allow it, the connection is an ordinary one.
  /// - Throws: ``TLSError`` with code `.wrongRole`, `.invalidServerName`, `.invalidArgument` (limits; a session or
  ///   `sendsEarlyData` on a server) or `.openSSLFailure`.
  ///
  /// Corresponds to `SSL_new(3)`, `SSL_set_connect_state(3)`, `BIO_new_bio_pair(3)`.
  public init(
    _ endpoint: Endpoint, context: TLSContext, limits: Limits = .default, session: TLSSession? = nil,
    sendsEarlyData: Bool = false
  ) throws(TLSError) {
    try self.init(
      endpoint, context: context, limits: limits, session: session, sendsEarlyData: sendsEarlyData,
      keepsMessages: false)
  }

  /// Creates an engine that traces messages from the first one on, although its context does not: for the test kit.
  /// From libssl 3.2 on a trace that starts later misses the headers of records that are not encrypted.
  package init(
    _ endpoint: Endpoint, context: TLSContext, limits: Limits, session: TLSSession?, sendsEarlyData: Bool,
    keepsMessages: Bool
  ) throws(TLSError) {
    try Self.check(
      endpoint, context: context, limits: limits, session: session, sendsEarlyData: sendsEarlyData)
    var handle = try SSLHandle.make(
      endpoint, context: context, limits: limits, session: session, sendsEarlyData: sendsEarlyData,
      keepsMessages: keepsMessages)
    let isOffering = handle.early?.state.sending == .open
    let firstStep = isOffering ? handle.offerEarlyData() : handle.handshake()
    if case .failed(let failure) = firstStep {
      throw TLSError(failure, on: handle, opening: PlaintextDetection(), inputEnded: false, isHandshakeDone: false)
    }
    self.init(handle, context: context, limits: limits)
    settle(firstStep)
  }

  private static func check(
    _ endpoint: Endpoint, context: TLSContext, limits: Limits, session: TLSSession?, sendsEarlyData: Bool
  ) throws(TLSError) {
    if let defect = limits.defect { throw TLSError(.invalidArgument, .misuse, hint: defect) }
    let isServer = endpoint == .server
    if isServer != (context.role == .server) {
      throw TLSError(
        .wrongRole, .misuse,
        hint: "a \(isServer ? "server" : "client") needs a context made from a configuration of its own side")
    }
    if isServer, session != nil {
      throw TLSError(.invalidArgument, .misuse, hint: "a session is resumed by the client; a server takes none")
    }
    if isServer, sendsEarlyData {
      throw TLSError(
        .invalidArgument, .misuse,
        hint: "sendsEarlyData is a client's; a server accepts early data by maximumEarlyDataByteCount")
    }
  }

  private init(_ handle: consuming SSLHandle, context: TLSContext, limits: Limits) {
    self.handle = handle
    self.limits = limits
    self.context = context
    servingContext = nil
    events = EventQueue()
    failure = nil
    opening = PlaintextDetection()
    handshakeBytes = 0
    controlRecords = 0
    awaitedProof = nil
    recordSizing = []
    singleRecordByteCount = Self.recordSize
  }

  /// The rules. The handle keeps them, because what it does with libssl depends on them too.
  var state: EngineState {
    _read { yield handle.state }
    _modify { yield &handle.state }
  }
}
