internal import SansIOTLS

/// The calls before the handshake is done. Each is one attempt, which returns `nil` if it has to wait.
extension TLSStreamState {
  /// Encrypts as much as can be sent early, and sends it.
  ///
  /// - Parameters:
  ///   - plaintext: All of the plaintext.
  ///   - accepted: The bytes of it that were encrypted.
  /// - Returns: If no more can be encrypted, the number of ciphertext bytes that the transport has to accept.
  mutating func writeEarly(_ plaintext: [UInt8], _ accepted: inout Int) throws(TLSStreamError) -> Int? {
    try checkFailure()
    if let error = output.error { throw error }
    while true {
      let step: TLSEngine.EarlyWriteStep
      do throws(TLSError) { step = try engine.writeEarly(plaintext[accepted...]) } catch { throw TLSStreamError(error) }
      switch step {
      case .done(let count):
        accepted += count
        if nonblocking != nil { sendNow() }
        if accepted == plaintext.count { return encryptedCount }
        if let error = output.error { throw error }
      case .unavailable: return encryptedCount
      case .needsDrain:
        waiters.interest = .output
        return nil
      // A server's, before it has the ClientHello.
      case .needsFeed:
        feed()
        guard try receiveMore() else { return nil }
      case .needsAnswer: guard try receiveWhileAsking() else { return nil }
      }
    }
  }

  /// - Returns: The bytes; `.some(nil)` at the end.
  mutating func readEarly(upTo count: Int) throws(TLSStreamError) -> [UInt8]?? {
    try checkFailure()
    feed()
    while true {
      let step: TLSEngine.EarlyReadStep<[UInt8]>
      do throws(TLSError) { step = try engine.readEarly(upTo: count) } catch { throw TLSStreamError(error) }
      switch step {
      case .done(let bytes): return bytes
      case .endOfEarlyData: return .some(nil)
      case .needsFeed: guard try receiveMore() else { return nil }
      case .needsAnswer: guard try receiveWhileAsking() else { return nil }
      }
    }
  }
}
