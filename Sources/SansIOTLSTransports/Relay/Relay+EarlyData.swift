public import SansIOTLS

/// Early data (0-RTT). The engine's page on early data says what an application may send early.
extension Relay {
  /// Sends plaintext before the program's, and early if the session allows all of it: a client's engine is created with
  /// `sendsEarlyData` for that. **An attacker can send a copy of early data to the server again.** What the server
  /// rejects, or what cannot be sent early, is sent after the handshake, so that all of it arrives. Call it before
  /// ``handshake(until:)``.
  ///
  /// - Parameter plaintext: The bytes. They are kept until the handshake is done.
  /// - Returns: The reason why nothing was sent early; `nil` if it was. After the handshake ``RelayReport/earlyData``
  ///   has the server's decision.
  ///
  /// Corresponds to `SSL_write_early_data(3)`.
  public mutating func sendFirst(_ plaintext: [UInt8]) -> TLSEarlyDataObstacle? {
    defer { recordFlight() }
    leading = plaintext[...]
    do throws(TLSError) {
      if case .unavailable(let obstacle) = try engine.writeEarly([UInt8]()) { return obstacle }
      // Half a request is of no use to the server.
      if engine.earlyDataCapacity < plaintext.count { return .limitReached }
      var rest = plaintext[...]
      // What the limit of pending output keeps back follows after the handshake.
      while !rest.isEmpty, case .done(let count) = try engine.writeEarly(rest) { rest = rest.dropFirst(count) }
    } catch {
      fail(error)
    }
    return nil
  }

  /// Moves ciphertext until a client's early data has arrived, or the handshake has completed or failed. Blocks the
  /// calling thread.
  ///
  /// A program that is attached then receives early data at once, before what the client sends after its handshake, and
  /// its answer leaves at once (0.5-RTT) where the engine allows that. A program that is attached after the handshake
  /// receives the same bytes then.
  ///
  /// - Parameter deadline: When an unfinished handshake is abandoned, as of ``handshake(until:)``.
  /// - Returns: Whether early data waits for a program: **it may be a copy that an attacker has sent**, and the client
  ///   may fail to complete its handshake, or have failed already.
  ///
  /// Corresponds to `SSL_read_early_data(3)`.
  public mutating func receiveEarlyData(until deadline: ContinuousClock.Instant? = nil) -> Bool {
    handshakeDeadline = deadline
    move(
      while: { relay in relay.report.negotiated == nil && !relay.hasEnded && !relay.hasEarlyData },
      progress: { _ in })
    return hasEarlyData
  }

  var hasEarlyData: Bool { engine.needs.contains(.readEarly) }

  /// Whether the program's plaintext may be encrypted now. A server speaks early only to a client that has done so.
  var isEncrypting: Bool {
    failure == nil && plaintext != nil && (report.negotiated != nil || isAnsweringEarly)
  }

  /// Takes note of the server's decision. What it has accepted is not sent again.
  mutating func noteEarlyData() {
    report.earlyData = engine.earlyData
    guard case .accepted(let count)? = engine.earlyData, !leading.isEmpty else { return }
    leading = leading.dropFirst(count)
    report.plaintextSent += count
  }

  /// Moves early plaintext to the buffer for delivery, and delivers it.
  ///
  /// - Returns: Whether none is left.
  @discardableResult
  mutating func deliverEarlyData() -> Bool {
    guard plaintext != nil else { return true }
    while hasEarlyData {
      guard delivery.hasRoom || deliverAll() else { return false }
      // What waits is delivered after a failure too, and no error precedes it.
      let step = try? delivery.append { output throws(TLSError) in try engine.readEarly(into: &output) }
      guard case .done? = step else { return true }
      isAnsweringEarly = report.negotiated == nil
    }
    return deliverAll()
  }
}
