/// The calls of one reader and one writer. A call that need not wait acquires the lock once.
extension TLSStreamCore {
  /// Repeats the attempt of the stream's only reader.
  @inline(__always)
  func read<Value>(
    _ attempt: (inout TLSStreamState) throws(TLSStreamError) -> sending Value?
  ) async throws(TLSStreamError) -> Value {
    var isReading = false
    defer { if isReading { inspect { $0.leave(.reading) } } }
    while true {
      if Task.isCancelled { throw TLSStreamError(.cancelled) }
      var value: Value?
      let waiter = try locked { (state) throws(TLSStreamError) -> TLSStreamState.Waiter? in
        if !isReading { try state.enter(.reading) }
        isReading = true
        value = try attempt(&state)
        if value == nil { return state.newWaiter() }
        state.leave(.reading)
        isReading = false
        return nil
      }
      guard let waiter else { return value! }
      await wait(waiter)
    }
  }

  /// Repeats an attempt that encrypts, and waits until the transport has accepted what it encrypted.
  ///
  /// - Parameter attempt: Returns the number of ciphertext bytes that the transport has to accept.
  func send(_ attempt: (inout TLSStreamState) throws(TLSStreamError) -> Int?) async throws(TLSStreamError) {
    var end: Int?
    try await perform { (state) throws(TLSStreamError) -> Void? in
      if end == nil { end = try attempt(&state) }
      guard let end else { return nil }
      return try state.hasSent(end)
    }
  }

  /// Writes as the stream's only writer.
  func write(_ plaintext: RawSpan) async throws(TLSStreamError) {
    var rest = plaintext
    var end: Int?
    var isWriting = false
    defer { if isWriting { inspect { $0.leave(.writing) } } }
    do throws(TLSStreamError) {
      while true {
        if Task.isCancelled { throw TLSStreamError(.cancelled) }
        let waiter = try locked { (state) throws(TLSStreamError) -> TLSStreamState.Waiter? in
          if !isWriting { try state.enter(.writing) }
          isWriting = true
          if end == nil { end = try state.write(&rest) }
          guard let end, try state.hasSent(end) != nil else { return state.newWaiter() }
          state.leave(.writing)
          isWriting = false
          return nil
        }
        guard let waiter else { return }
        await wait(waiter)
      }
    } catch { throw TLSStreamError(error, bytesAccepted: plaintext.byteCount - rest.byteCount) }
  }
}
