internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// What libssl's callbacks write down about one connection. It has a stable address, because libssl holds it as
/// application data of the `SSL` and as callback argument of the BIO; only the thread that is inside a call of the owning
/// engine touches it.
@safe
struct CallbackState: ~Copyable {
  // MARK: The BIO pair

  /// Our half of the pair; `nil` while the rings are removed (hibernation).
  var network: OpaquePointer?
  /// Bytes in the inbound ring, not yet taken by libssl.
  var inbound = 0
  /// Bytes in the outbound ring, not yet drained or spilled.
  var outbound = 0
  var spilled: SpillQueue
  /// How many bytes libssl wanted when it last looked for some: 5 for a record header, then the body, counting down.
  var lastReadRequest = 5

  // MARK: Alerts and certificates

  // The small ones stand together, so that a record has no gaps.
  var alertSent: TLSAlert?
  /// The callback that checks certificates ran in this handshake, and let the peer pass.
  var isPeerAccepted = false
  /// The application accepted a certificate that was out of date, here or where the session was made.
  var isAcceptedOutOfDate = false
  /// How many requests for a renegotiation libssl has declined by a warning.
  var declinedRenegotiations: UInt32 = 0
  var warnings: [TLSAlert] = []
  var verification: TLSVerificationResult?
  // MARK: Questions

  /// A question's way through the callback that asks it.
  enum PendingQuestion<Asked> {
    case none
    // In a box, so that a record without a question is small.
    indirect case asked(Asked)
    case answered(RecordedAnswer)
  }
  enum RecordedAnswer { case proceed, accept, reject(TLSAlert) }

  /// Of a resumed TLS 1.2 session libssl tells the name that it was made with, so what was asked for is kept here.
  enum Request {
    case sent(serverName: String)
    /// By the first ClientHello; the second, behind a HelloRetryRequest, must not differ.
    case received(TLSEngine.ClientHello.Selectors)
  }

  let pausesAtClientHello: Bool
  let pausesAtPeerCertificates: Bool
  /// The configuration says that chains are not checked.
  var ignoresVerdict: Bool
  /// Whom the ClientHello asks for; `nil` before it came, and for a client that names nobody.
  var request: Request?
  var clientHello: PendingQuestion<TLSEngine.ClientHello> = .none
  var peerCertificate: PendingQuestion<[TLSCertificate]> = .none
  /// What the check found before the question was asked, so that the answer needs no second one.
  var verifiedChain: VerifiedChain?

  var newSessions: [TLSSession] = []
  /// Keeps what passed, if the configuration or the test kit asks for it.
  var tap: MessageTap?
  /// Something of what follows or stands above is new: warnings, sessions. With a tap it is
  /// always so: whether messages passed is not asked apart, so that a connection without one pays nothing.
  var hasPendingEvents: Bool

  init(limits: TLSEngine.Limits, context: TLSContext) {
    tap = context.tracesMessages ? MessageTap(limit: limits.tracedMessageCount) : nil
    hasPendingEvents = tap != nil
    spilled = SpillQueue(limit: limits.pendingOutputByteCount)
    pausesAtClientHello = context.configuration.pausesAtClientHello
    pausesAtPeerCertificates = context.pausesAtPeerCertificates
    ignoresVerdict = context.ignoresVerdict
  }

  /// Moves the outbound ring's contents behind those of the queue. Corresponds to `BIO_nread(3)`.
  mutating func spill() {
    var window: UnsafeMutablePointer<CChar>?
    while true {
      let taken = Int(unsafe BIO_nread(network, &window, Int32.max))
      guard taken > 0 else { break }
      unsafe spilled.append(UnsafeRawBufferPointer(start: window, count: taken))
    }
    outbound = 0
  }

  /// The record of the connection that `ssl` belongs to.
  static func of(_ ssl: OpaquePointer?) -> UnsafeMutablePointer<CallbackState>? {
    unsafe SSL_get_ex_data(ssl, 0)?.assumingMemoryBound(to: CallbackState.self)
  }

  /// Watches libssl's half of the pair during the handshake. Before libssl writes more than the ring can take, the ring is
  /// emptied into the queue: no write is refused or cut short, and an alert finds room even if it ends a handshake whose
  /// flight filled the ring in the same call. At the end of the stream it tells inside what libssl was.
  static let watch: BIO_callback_fn_ex = { bio, operation, _, length, _, _, result, _ in
    guard let argument = unsafe BIO_get_callback_arg(bio) else { return Int(result) }
    let callbackState = unsafe UnsafeMutableRawPointer(argument).assumingMemoryBound(to: CallbackState.self)
    switch operation {
    case BIO_CB_READ: unsafe callbackState.pointee.lastReadRequest = length
    case BIO_CB_WRITE: if unsafe length > sitls_write_room(bio) { unsafe callbackState.pointee.spill() }
    default: break
    }
    return Int(result)
  }
}
