internal import SansIOTLS

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Ends both directions and reports how they ended.
extension Relay {
  /// Ends sending after the ciphertext output has failed.
  mutating func breakOutput(_ error: TransportError) {
    sinkError = error
    if peerClosed { readRemainder() }
    countUnread(ciphertext.unreadCount)
    // A program that is cut off before its end by a peer that has not closed may have had more to send.
    sinkLostData =
      sinkLostData || !leading.isEmpty || !outgoing.isEmpty || !unsentRecords.isEmpty
      || !(peerClosed || hasClosedWriting)
    endOutput()
    dropPendingOutput()
    // What the program writes now reaches no reader: closing its output reports that to it.
    dropOutgoing()
    plaintext?.closeInput()
  }

  mutating func dropOutgoing() {
    report.plaintextUnsent += leading.count + outgoing.count
    leading = []
    outgoing.removeAll()
  }

  /// Reads what a program that is cut off has left to send. Even one that writes all the time may have an empty pipe at
  /// one moment, so this waits a little.
  private mutating func readRemainder() {
    guard outgoing.isEmpty, !hasClosedWriting, let number = plaintext?.readingDescriptor else { return }
    if Self.isReady(number, Int16(POLLIN), until: .now + .milliseconds(Self.remainderTime)) { readPlaintext() }
  }

  /// Counts the ciphertext that its reader has not read, unless that is the close_notify alone.
  private mutating func countUnread(_ unread: Int?) {
    guard let unread, unread > report.ciphertextSent - dataEnd else { return }
    report.ciphertextUnread = unread
    sinkLostData = true
  }

  /// Waits until the reader of the ciphertext has read everything, where the kernel reports that, and detects a reader
  /// that leaves before. A peer that closes after this side has read it all; one that closed before may have left.
  mutating func awaitReader() {
    guard peerClosed, hasClosedWriting, sinkError == nil, failure == nil else { return }
    let deadline = ContinuousClock.now + .milliseconds(Self.lingeringTime)
    var interval = 1
    while let number = ciphertext.writingDescriptor, let unread = ciphertext.unreadCount,
      unread > report.ciphertextSent - dataEnd, .now < deadline
    {
      if Self.isReady(number, 0, until: min(deadline, .now + .milliseconds(interval))) {
        // The reader is gone. It may have read everything just before.
        countUnread(ciphertext.unreadCount)
        if sinkLostData { sinkError = TransportError(.write, number: EPIPE) }
        return
      }
      interval = min(2 * interval, 50)
    }
  }

  mutating func endOutput() {
    if ciphertext.writingDescriptor != nil { observer?.relayDidEnd(.sent) }
    ciphertext.closeOutput()
  }

  mutating func dropPendingOutput() {
    if engine.pendingOutputByteCount > 0 { engine.drain { $0.byteCount } }
  }

  // MARK: Conclusion

  /// Ends TLS after a fatal error.
  mutating func fail(_ error: TLSError) {
    failure = error
    inbound.removeAll()
    dropOutgoing()
  }

  /// Completes the report and closes the transports.
  mutating func conclude() {
    awaitReader()
    report.plaintextUnsent += unsentRecords.reduce(leading.count + outgoing.count) { $0 + $1.plaintext }
    report.plaintextDropped += delivery.count
    report.localEnding =
      if let alert = failure?.alertSent, sinkError == nil {
        .alert(alert)
      } else if let sinkError {
        .failed(sinkError)
      } else {
        hasClosedWriting && engine.pendingOutputByteCount == 0 ? .closeNotify : .open
      }
    report.remoteEnding =
      if peerClosed {
        .closeNotify
      } else if let sourceError {
        .failed(sourceError)
      } else if let alert = failure?.alertReceived {
        .alert(alert)
      } else {
        ciphertext.readingDescriptor == nil ? .endOfTransport : .open
      }
    report.outcome = outcome
    plaintext = nil
    endOutput()
    // An abandoned handshake has waited long enough, and has sent nothing that the peer must still read.
    let isAbandonedHandshake = abandonment != nil && report.negotiated == nil
    if ciphertext.readsSocket && sinkError == nil && !isAbandonedHandshake { dropInput() }
    ciphertext.closeInput()
  }

  /// After the end of this side, reads and drops what the peer still sends until its end.
  private mutating func dropInput() {
    // A peer that has ended TLS sends nothing more: what has arrived is dropped, without waiting for the transport's
    // end.
    let waits = !peerClosed && failure?.alertReceived == nil
    let deadline = ContinuousClock.now + .milliseconds(Self.lingeringTime)
    while let number = ciphertext.readingDescriptor {
      guard .now < deadline, Self.isReady(number, Int16(POLLIN), until: waits ? deadline : .now) else { return }
      dropCiphertext()
    }
  }

  private var outcome: RelayReport.Outcome {
    if let abandonment { return .transportFailure(abandonment.side, abandonment.error) }
    if let sourceError { return .transportFailure(.ciphertext, sourceError) }
    if let failure { return failure.code == .truncated ? .truncated(failure) : .tlsFailure(failure) }
    if let sinkError, sinkLostData || !peerClosed { return .transportFailure(.ciphertext, sinkError) }
    if isIncomplete { return .incomplete }
    if let programError { return .transportFailure(.plaintext, programError) }
    return .clean
  }
}
