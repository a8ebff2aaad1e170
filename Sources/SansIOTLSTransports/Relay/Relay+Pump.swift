internal import SansIOTLS

/// Moves bytes between memory and descriptors.
extension Relay {
  // MARK: From the network

  /// Feeds what was read, and decrypts as much as can be delivered.
  mutating func feed() throws(TLSError) {
    while report.negotiated == nil {
      try stepHandshake()
      deliverEarlyData()
      if report.negotiated == nil, try !feedOnce() { return }
    }
    if plaintext != nil, deliverEarlyData() { try decrypt() }
  }

  /// - Returns: Whether anything was fed.
  private mutating func feedOnce() throws(TLSError) -> Bool {
    guard failure == nil, !inbound.isEmpty else { return false }
    // During the handshake record by record, so that the flights do not include what follows them.
    let isHandshaking = report.negotiated == nil
    let limit = isHandshaking ? max(1, engine.bytesNeeded) : .max
    let fed = try inbound.consume(upTo: limit) { piece throws(TLSError) in try engine.feed(piece) }
    if isHandshaking { report.handshake.received(fed) }
    return fed > 0
  }

  private mutating func stepHandshake() throws(TLSError) {
    defer { recordFlight() }
    while true {
      switch try engine.handshake() {
      case .done:
        report.negotiated = engine.negotiated
        noteEarlyData()
      // The answer continues with what was fed, which may be all: the peer need not send more, so the loop repeats the
      // call.
      case .needsAnswer:
        try answerQuestion()
        continue
      case .needsFeed: break
      }
      return
    }
  }

  private mutating func answerQuestion() throws(TLSError) {
    if let answer { try answer(&engine) } else { try engine.answerAsConfigured() }
  }

  /// Decrypts as many records as the buffer for delivery holds before it delivers them, until the program takes no more
  /// or nothing is left.
  ///
  /// The end of the stream, or an error, counts only after everything before it was delivered: the engine repeats it.
  private mutating func decrypt() throws(TLSError) {
    while !peerClosed {
      if !delivery.hasRoom, !deliverAll() { return }
      do throws(TLSError) {
        switch try delivery.append({ output throws(TLSError) in try engine.read(into: &output) }) {
        case .done: break
        case .endOfStream:
          guard deliverAll() else { return }
          peerClosed = true
          plaintext?.closeOutput()
        case .needsAnswer: try answerQuestion()
        case .needsFeed: if try !feedOnce() { return deliver() }
        }
      } catch {
        guard deliverAll() else { return }
        throw error
      }
    }
  }

  /// - Returns: Whether nothing is left to deliver.
  mutating func deliverAll() -> Bool {
    deliver()
    return delivery.isEmpty
  }

  /// Writes decrypted plaintext to the program.
  mutating func deliver() {
    do throws(TransportError) {
      while !delivery.isEmpty, plaintext?.writingDescriptor != nil {
        let written = try delivery.consume { piece throws(TransportError) in try plaintext!.write(piece) }
        if written == 0 { return }
        report.plaintextReceived += written
      }
    } catch {
      programError = error
      plaintext?.closeOutput()
    }
    if !delivery.isEmpty && programError != nil {
      report.plaintextDropped += delivery.count
      delivery.removeAll()
    }
  }

  // MARK: From the program

  /// Encrypts the program's plaintext and sends it, as far as there is room.
  ///
  /// Records are sent together if they fit the engine's buffer together: its ciphertext is written where it lies.
  mutating func encrypt() throws(TLSError) {
    while !(leading.isEmpty && outgoing.isEmpty) && ciphertext.writingDescriptor != nil {
      var waitsForPeer = false
      let isEarly = report.negotiated == nil
      // One record, so that the bytes that were not sent can be counted.
      let accepted = try consumePlaintext { (piece, engine) throws(TLSError) in
        if isEarly {
          let step = try engine.writeEarly(piece)
          if case .needsDrain = step { return 0 }
          waitsForPeer = step.value == nil
          return step.value ?? 0
        }
        let step = try engine.write(piece)
        if case .needsFeed = step { waitsForPeer = true }
        return step.value ?? 0
      }
      if accepted > 0 {
        dataEnd = report.ciphertextSent + engine.pendingOutputByteCount
        unsentRecords.append((dataEnd, accepted))
        let nextEnd = engine.pendingOutputByteCount + Self.recordSize + Self.recordOverhead
        if nextEnd <= engine.limits.bufferByteCount { continue }
      }
      flush()
      if waitsForPeer || (accepted == 0 && engine.pendingOutputByteCount > 0) { return }
    }
    // Closing before the handshake is done would abandon it.
    if report.negotiated != nil && leading.isEmpty && outgoing.isEmpty && plaintext?.readingDescriptor == nil
      && !hasClosedWriting && isComplete()
    {
      if case .done = try engine.closeWriting() { hasClosedWriting = true }
    }
  }

  /// Passes the plaintext of one record at most to `body`, which returns how much of it was encrypted.
  private mutating func consumePlaintext(
    _ body: (RawSpan, inout TLSEngine) throws(TLSError) -> Int
  ) throws(TLSError) -> Int {
    if leading.isEmpty {
      return try outgoing.consume(upTo: Self.recordSize) { piece throws(TLSError) in try body(piece, &engine) }
    }
    let piece = leading.prefix(Self.recordSize)
    // Sound: a byte has no padding, so its memory is all initialized.
    let count = try unsafe body(piece.span.bytes, &engine)
    leading = leading.dropFirst(count)
    return count
  }

  /// Whether the program's data, which has ended, counts as complete.
  private mutating func isComplete() -> Bool {
    guard let decideEnd, sinkError == nil else { return true }
    let deadline = endDecisionDeadline ?? .now + .milliseconds(Self.endDecisionTime)
    endDecisionDeadline = deadline
    switch decideEnd() {
    case .complete: return true
    case .incomplete: isIncomplete = true
    case .undecided: return .now >= deadline
    }
    return false
  }

  /// Sends ciphertext, as far as there is room.
  mutating func flush() {
    guard ciphertext.writingDescriptor != nil else { return dropPendingOutput() }
    do throws(TransportError) {
      var sent = 0
      defer {
        report.ciphertextSent += sent
        if sent > 0 { countSentRecords() }
      }
      try engine.drain { segment throws(TransportError) in
        let count = try ciphertext.write(segment)
        sent += count
        if count > 0 { observer?.relayDidTransfer(segment.extracting(first: count), .sent) }
        return count
      }
    } catch {
      breakOutput(error)
    }
  }

  private mutating func countSentRecords() {
    let count = unsentRecords.firstIndex { $0.end > report.ciphertextSent } ?? unsentRecords.count
    for index in 0..<count { report.plaintextSent += unsentRecords[index].plaintext }
    unsentRecords.removeFirst(count)
  }

  mutating func recordFlight() {
    report.handshake.produced(inTotal: report.ciphertextSent + engine.pendingOutputByteCount)
  }

  // MARK: Reading

  mutating func readCiphertext() {
    do throws(TransportError) {
      switch try receive() {
      case .bytes(let count): report.ciphertextReceived += count
      case .wouldBlock: break
      case .endOfStream: endInput()
      }
    } catch {
      sourceError = error
      endInput()
    }
  }

  private mutating func receive() throws(TransportError) -> TransportReading {
    // During the handshake the flights are counted by record, and a small buffer of the engine would divide the read.
    guard report.negotiated != nil, engine.limits.bufferByteCount >= RelayBuffer.capacity else {
      let reading = try inbound.append { output throws(TransportError) in try ciphertext.read(into: &output) }
      if let observer, case .bytes = reading { inbound.withBytes { observer.relayDidTransfer($0, .received) } }
      return reading
    }
    var reading = TransportReading.wouldBlock
    do throws(TLSEngine.FeedError<TransportError>) {
      _ = try engine.feed(upTo: RelayBuffer.capacity) { output throws(TransportError) in
        reading = try ciphertext.read(into: &output)
        if let observer, case .bytes = reading { observer.relayDidTransfer(output.bytes, .received) }
      }
    } catch {
      // The engine's own error is thrown again by the next call.
      if case .body(let error) = error { throw error }
    }
    return reading
  }

  mutating func dropCiphertext() {
    inbound.removeAll()
    let reading = try? inbound.append { output throws(TransportError) in try ciphertext.read(into: &output) }
    inbound.removeAll()
    if reading == nil || reading == .endOfStream { ciphertext.closeInput() }
  }

  private mutating func endInput() {
    ciphertext.closeInput()
    observer?.relayDidEnd(.received)
    engine.feedEOF()
  }

  mutating func readPlaintext() {
    do throws(TransportError) {
      switch try outgoing.append({ output throws(TransportError) in try plaintext!.read(into: &output) }) {
      case .bytes, .wouldBlock: break
      case .endOfStream: plaintext?.closeInput()
      }
    } catch {
      // The program's data is incomplete. A close_notify would call it complete, so none is sent.
      abandonment = (.plaintext, error)
    }
  }
}
