internal import NIOCore
internal import SansIOTLS

/// Plaintext that waits to be sent early: for the channel, or on a server for the ClientHello.
struct PendingEarlyWrite {
  var plaintext: ByteBuffer
  let promise: EventLoopPromise<Void>?

  enum Encryption {
    /// The ciphertext, after the engine's other output.
    case done(ByteBuffer)
    case waits
    case unavailable(TLSEarlyDataObstacle)
  }

  /// Encrypts all of the plaintext, or nothing.
  ///
  /// - Parameters:
  ///   - engine: the engine.
  ///   - room: the bytes that may be sent early.
  ///   - allocate: returns a buffer of a capacity.
  consuming func encrypt(
    with engine: inout TLSEngine, room: Int, allocate: (Int) -> ByteBuffer
  ) throws(TLSError) -> Encryption {
    // Asked first: half of what belongs together is of no use to the peer.
    if let encryption = Self.refusal(try engine.writeEarly([])) { return encryption }
    if plaintext.readableBytes > room { return .unavailable(.limitReached) }
    var ciphertext = allocate(engine.pendingOutputByteCount + plaintext.readableBytes + 512)
    while true {
      engine.drain { ciphertext.writeBytes($0) }
      if plaintext.readableBytes == 0 { return .done(ciphertext) }
      let step = try engine.writeEarly(plaintext.readableBytesSpan)
      if let encryption = Self.refusal(step) { return encryption }
      plaintext.moveReaderIndex(forwardBy: step.value ?? 0)
    }
  }

  /// The reason to encrypt nothing now.
  private static func refusal(_ step: TLSEngine.EarlyWriteStep) -> Encryption? {
    switch step {
    case .done, .needsDrain: nil
    case .needsFeed, .needsAnswer: .waits
    case .unavailable(let reason): .unavailable(reason)
    }
  }
}
