internal import SansIOTLS

/// Sending ciphertext.
extension TLSStreamState {
  struct Output: Sendable {
    /// Ciphertext bytes that the transport has accepted.
    var sentCount = 0
    /// Ciphertext bytes of the sending operation's current call.
    var sendingCount = 0
    /// The error that ended sending.
    var error: TLSStreamError?
    /// Whether the transport will notify the stream.
    var isNotificationRequested = false
    /// Whether the transport's end was requested, and whether it is done.
    var wantsEnd = false
    var hasEnded = false
  }

  /// The bytes passed to one call of the transport at most.
  static let sendingSize = 65_536

  /// Sends what waits, as far as the transport has room; if that is not all, requests a notification.
  mutating func sendNow() {
    guard engine.pendingOutputByteCount > 0, let transport = nonblocking, !isDropped else { return }
    if output.isNotificationRequested || failure != nil || output.error != nil { return }
    noteTransfer()
    do {
      var sent = 0
      defer { output.sentCount += sent }
      try engine.drain { (segment: RawSpan) throws in
        let count = try transport.send(segment)
        sent += count
        return count
      }
      // A writer may wait for this room, also one whose own attempt has filled it during the handshake.
      if sent > 0 { changed(.output) }
      if engine.pendingOutputByteCount > 0 {
        output.isNotificationRequested = true
        try transport.notify(when: .sending, waiters.outputNotification)
      }
    } catch {
      output.isNotificationRequested = false
      sendingFailed(error)
    }
  }

  /// The transport has notified the stream: it has room, or has failed.
  mutating func outputBecameReady() {
    output.isNotificationRequested = false
    sendNow()
    changed(.output)
  }

  // MARK: The sending operation

  /// The next action of the sending operation.
  enum Sending: Sendable {
    case bytes([UInt8])
    case end
    /// The stream was released: these bytes, then the transport's end.
    case last([UInt8])
    case nothing
  }

  mutating func nextSending() -> Sending {
    if isDropped {
      operations.end(.send)
      guard needsEnd else { return .nothing }
      defer { output.hasEnded = true }
      // Nothing can follow a piece that the transport accepted in part.
      return .last(nonblocking == nil && failure == nil && output.error == nil ? engine.drain() : [])
    }
    let canSend = failure == nil && output.error == nil
    if canSend, nonblocking == nil, engine.pendingOutputByteCount > 0 {
      let bytes = engine.drain(upTo: Self.sendingSize)
      output.sendingCount = bytes.count
      // There is room for a writer.
      changed(.output)
      return .bytes(bytes)
    }
    if canSend, isEndDue { return .end }
    operations.end(.send)
    changed(.output)
    return .nothing
  }

  /// Whether the transport is to be ended, after everything was sent.
  var isEndDue: Bool { output.wantsEnd && !output.hasEnded && engine.pendingOutputByteCount == 0 }

  mutating func sent(_ count: Int) {
    output.sentCount += count
    output.sendingCount = 0
    changed(.output)
  }

  mutating func sendingEnded() { output.hasEnded = true }

  /// The operation continues with ``nextSending()``, which ends it.
  mutating func sendingFailed(_ error: any Error) {
    output.sendingCount = 0
    let error = TLSStreamError(.transport, transport: error)
    output.error = error
    transportFailed(error)
  }
}
