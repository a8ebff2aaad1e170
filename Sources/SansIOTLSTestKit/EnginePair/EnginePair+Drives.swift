public import SansIOTLS

/// Drives: each moves ciphertext between the engines, for a limited number of steps.
extension EnginePair {
  /// Advances the time by one step: both sides are drained into the link, and fed what has arrived. An engine that
  /// fails keeps its error; its alert is still sent.
  ///
  /// - Returns: Whether anything moved, or will arrive at a later step.
  @discardableResult
  public mutating func step() -> Bool {
    var moved = false
    for side in TLSRole.allCases {
      let bytes = drain(from: side)
      if bytes.isEmpty { continue }
      moved = true
      link.send(bytes, from: side)
    }
    link.step()
    for side in [TLSRole.server, .client] where deliver(to: side) { moved = true }
    noteLink()
    return moved || link.isDelaying
  }

  private mutating func deliver(to side: TLSRole) -> Bool {
    // Bytes on their way to an engine that failed stay in the link.
    if self[side].failure != nil { return false }
    var moved = false
    while true {
      switch link.deliver(to: side) {
      case .bytes(let bytes):
        do throws(TLSError) {
          let accepted = try feed(bytes, to: side)
          if accepted > 0 { moved = true }
          if accepted == bytes.count { continue }
          link.putBack(Array(bytes[accepted...]), to: side)
        } catch {
          // The engine keeps its failure. One that was abandoned, or that has received the end, accepts no more.
          return true
        }
        return moved
      case .end:
        feedEOF(to: side)
        return true
      case .nothing:
        return moved
      }
    }
  }

  private mutating func noteLink() {
    // How the stream is divided is not worth a line: it must not matter.
    for action in link.actions.dropFirst(loggedActions) where !action.isHarmless { log.note("\(action)") }
    loggedActions = link.actions.count
  }

  /// Performs the handshake on both sides.
  ///
  /// - Parameter limit: The number of steps at most.
  /// - Throws: The ``/SansIOTLS/TLSError`` of the side that failed first (the server's, if the client's only reports
  ///   the server's alert); ``Stalled`` beyond the limit, or if nothing moves any more.
  public mutating func handshake(limit: Int = 64) throws {
    for _ in 0..<limit {
      let moved = step()
      // After a failure the alert is still delivered, so that both sides fail.
      if let failure {
        if moved { continue }
        throw failure.error
      }
      if client.negotiated != nil, server.negotiated != nil { return }
      if !moved { break }
    }
    if let failure { throw failure.error }
    throw stalled("the handshake")
  }

  /// The first failure: a side that only reports the other's alert, or the other's end, is the second.
  public var failure: (side: TLSRole, error: TLSError)? {
    switch (client.failure, server.failure) {
    case (let client?, let server?):
      [.alertReceived, .truncated].contains(client.code) ? (.server, server) : (.client, client)
    case (let client?, nil): (.client, client)
    case (nil, let server?): (.server, server)
    case (nil, nil): nil
    }
  }

  /// Writes all of the plaintext, moving ciphertext whenever the engine requires it.
  ///
  /// - Parameters:
  ///   - plaintext: The bytes to send.
  ///   - side: The side that writes.
  ///   - limit: The number of steps at most.
  /// - Throws: The writer's ``/SansIOTLS/TLSError``; ``Stalled`` if it accepts no more.
  public mutating func send(_ plaintext: [UInt8], from side: TLSRole, limit: Int = 100_000) throws {
    var rest = plaintext[...]
    for _ in 0..<limit {
      if case .done(let count) = try write(rest, from: side) { rest = rest.dropFirst(count) }
      if rest.isEmpty { return }
      if !step() { break }
    }
    throw stalled("sending from the \(side)")
  }

  /// Writes all of the plaintext as the client's early data. The pair was created with a session and `sendsEarlyData`,
  /// and nothing has moved yet:
  ///
  /// ```swift
  /// var pair = try EnginePair(client: client, server: server, session: session, sendsEarlyData: true)
  /// try pair.sendEarly(Array("GET /".utf8))
  /// let early = try pair.receiveEarly()
  /// ```
  ///
  /// - Parameter plaintext: The bytes to send.
  /// - Throws: The client's ``/SansIOTLS/TLSError``; ``Stalled`` with the reason if it cannot send them all.
  public mutating func sendEarly(_ plaintext: [UInt8]) throws {
    var rest = plaintext[...]
    while !rest.isEmpty {
      switch try writeEarly(rest) {
      case .done(let count): rest = rest.dropFirst(count)
      // What waits for the link is passed to it; the server's answer is not delivered yet.
      case .needsDrain: link.send(drain(from: .client), from: .client)
      case let step: throw stalled("sending early data (\(step))")
      }
    }
  }

  /// Moves ciphertext until nothing moves any more, and reads all early data at the server.
  ///
  /// - Parameter limit: The number of steps at most.
  /// - Returns: The early data, empty if there is none.
  /// - Throws: The server's ``/SansIOTLS/TLSError``, after all early data before it was returned; ``Stalled`` beyond
  ///   the limit.
  public mutating func receiveEarly(limit: Int = 100_000) throws -> [UInt8] {
    try collect("receiving early data", limit) { pair throws(TLSError) in
      if case .done(let bytes) = try pair.readEarly() { bytes } else { nil }
    }
  }

  /// Moves ciphertext until nothing moves any more, and reads all plaintext.
  ///
  /// - Parameters:
  ///   - side: The side that reads.
  ///   - limit: The number of steps at most.
  /// - Returns: The plaintext, empty if there is none.
  /// - Throws: The reader's ``/SansIOTLS/TLSError``, after all plaintext before it was returned; ``Stalled`` beyond the
  ///   limit.
  public mutating func receive(at side: TLSRole, limit: Int = 100_000) throws -> [UInt8] {
    try collect("receiving at the \(side)", limit) { pair throws(TLSError) in
      if case .done(let bytes) = try pair.read(at: side) { bytes } else { nil }
    }
  }

  /// Moves ciphertext until nothing moves any more, and reads as long as there is something.
  ///
  /// - Parameters:
  ///   - drive: what a drive without an end was doing.
  ///   - limit: The number of steps at most.
  ///   - read: Reads; `nil` if nothing waits.
  private mutating func collect(
    _ drive: String, _ limit: Int, _ read: (inout EnginePair) throws(TLSError) -> [UInt8]?
  ) throws -> [UInt8] {
    var plaintext: [UInt8] = []
    for _ in 0..<limit {
      var moved = step()
      do {
        while let bytes = try read(&self) {
          plaintext += bytes
          moved = true
        }
      } catch {
        if plaintext.isEmpty { throw error }
        return plaintext
      }
      if !moved { return plaintext }
    }
    throw stalled(drive)
  }

  /// Transfers plaintext from one side to the other: writes, moves and reads until all of it has arrived.
  ///
  /// - Parameters:
  ///   - plaintext: The bytes to send.
  ///   - sender: The side that writes.
  ///   - limit: The number of steps at most.
  /// - Returns: The bytes that the other side read.
  /// - Throws: The ``/SansIOTLS/TLSError`` of either side; ``Stalled`` beyond the limit.
  public mutating func transfer(_ plaintext: [UInt8], from sender: TLSRole, limit: Int = 100_000) throws -> [UInt8] {
    let receiver = sender.peer
    var rest = plaintext[...]
    var received: [UInt8] = []
    for _ in 0..<limit {
      if !rest.isEmpty, case .done(let count) = try write(rest, from: sender) { rest = rest.dropFirst(count) }
      var moved = step()
      while case .done(let bytes) = try read(at: receiver) {
        received += bytes
        moved = true
      }
      if received.count >= plaintext.count { return received }
      if !moved, rest.isEmpty { break }
    }
    throw stalled("the transfer from the \(sender)")
  }

  /// Closes both directions and reads on both sides until the end of the stream.
  ///
  /// - Parameter limit: The number of steps at most.
  /// - Throws: The ``/SansIOTLS/TLSError`` of either side; ``Stalled`` if a side did not receive the end.
  public mutating func shutdown(limit: Int = 100_000) throws {
    _ = try close(from: .client)
    _ = try close(from: .server)
    var open: Set<TLSRole> = [.client, .server]
    for _ in 0..<limit {
      var moved = step()
      // Not in the set's own order, which differs in each process.
      for side in TLSRole.allCases where open.contains(side) {
        reading: while true {
          switch try read(at: side) {
          case .done: moved = true
          case .endOfStream:
            open.remove(side)
            break reading
          default: break reading
          }
        }
      }
      if open.isEmpty { return }
      if !moved { break }
    }
    throw stalled("the shutdown")
  }

  private func stalled(_ drive: String) -> Stalled {
    // A collector reports the ladder itself.
    let report = ConversationLog.Collector.current == nil ? "\n\(log.report)" : ""
    return Stalled(
      description: "\(drive) stalled: client needs \(client.needs), server needs \(server.needs)\(report)")
  }
}
