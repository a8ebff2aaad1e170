internal import SansIOTLS

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Waits for descriptors.
extension Relay {
  /// Waits until one of the descriptors that can be used now is ready, and reads from those that are.
  mutating func wait() {
    let hasPlaintextRoom =
      leading.isEmpty && outgoing.isEmpty && engine.pendingOutputByteCount < Self.pendingOutputMark
    // A program that does not read its early data does not stop the handshake: the engine keeps it.
    let isReceiving = !peerClosed && inbound.isEmpty && (delivery.isEmpty || report.negotiated == nil)
    // The ciphertext output is watched even when no data waits for it, to notice that its reader is gone, unless
    // everything was sent already. A peer that leaves may have sent the reason: what it sent is read first.
    let isWatchingOutput = !sendingHasEnded && (engine.pendingOutputByteCount > 0 || isReceiving || peerClosed)
    let input = isReceiving ? ciphertext.readingDescriptor : nil
    let output = isWatchingOutput ? ciphertext.writingDescriptor : nil
    let source = isEncrypting && hasPlaintextRoom ? plaintext?.readingDescriptor : nil
    pollSet.removeAll()
    pollSet.add(input, Int16(POLLIN))
    pollSet.add(output, engine.pendingOutputByteCount > 0 ? Int16(POLLOUT) : 0)
    pollSet.add(source, Int16(POLLIN))
    pollSet.add(delivery.isEmpty ? nil : plaintext?.writingDescriptor, Int16(POLLOUT))

    let isHandshaking = failure == nil && report.negotiated == nil
    let isDeciding = endDecisionDeadline != nil && !hasClosedWriting && !isIncomplete && failure == nil
    let deadline = [lingeringDeadline(), isHandshaking ? handshakeDeadline : nil].compactMap(\.self).min()
    let timeout = deadline.map(Self.milliseconds)
    let isAnyReady: Bool
    do throws(TransportError) {
      isAnyReady = try pollSet.wait(milliseconds: timeout ?? (isDeciding ? Self.endDecisionInterval : -1))
    } catch {
      if error.number != EINTR { abandonment = (.ciphertext, error) }
      return
    }
    let isOutputReady = pollSet.isReady(output, Int16(POLLOUT))
    // A peer that keeps sending and reads nothing is ready all the time.
    if let deadline, !isAnyReady || timeout == 0 && (isHandshaking || !isOutputReady) {
      if .now >= deadline { giveUp(isHandshaking: isHandshaking) }
      return
    }
    let isInputReady = pollSet.isReady(input, Int16(POLLIN))
    if isOutputReady && engine.pendingOutputByteCount == 0 && !isInputReady {
      breakOutput(TransportError(.write, number: EPIPE))
    }
    if isInputReady { if failure == nil { readCiphertext() } else { dropCiphertext() } }
    if pollSet.isReady(source, Int16(POLLIN)) { readPlaintext() }
  }

  /// The deadline for the last bytes of a failed connection; `nil` if the relay does not wait for these alone.
  private mutating func lingeringDeadline() -> ContinuousClock.Instant? {
    let cannotCompleteHandshake = sinkError != nil && report.negotiated == nil
    guard (failure != nil || cannotCompleteHandshake) && delivery.isEmpty else { return nil }
    if lingering?.sent != report.ciphertextSent {
      lingering = (report.ciphertextSent, .now + .milliseconds(Self.lingeringTime))
    }
    return lingering?.deadline
  }

  private mutating func giveUp(isHandshaking: Bool) {
    if isHandshaking {
      abandonment = (.ciphertext, sinkError ?? TransportError(.poll, number: ETIMEDOUT))
    } else {
      breakOutput(TransportError(.write, number: ETIMEDOUT))
    }
  }

  /// Waits for one descriptor.
  ///
  /// - Returns: Whether it is ready or has ended; `false` at the deadline.
  static func isReady(_ number: Int32, _ events: Int16, until deadline: ContinuousClock.Instant) -> Bool {
    while true {
      var set = PollSet()
      set.add(number, events)
      do throws(TransportError) { return try set.wait(milliseconds: milliseconds(until: deadline)) } catch {
        if error.number != EINTR { return false }
      }
    }
  }

  private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
    // If the deadline is further away than poll(2) can wait, the caller looks again after that time.
    Int32(min(max((deadline - .now) / .milliseconds(1), 0).rounded(.up), Double(Int32.max)))
  }
}
