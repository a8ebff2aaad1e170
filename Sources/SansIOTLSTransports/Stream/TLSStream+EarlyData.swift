public import SansIOTLS

/// Early data (0-RTT): the engine's own calls, see its page on early data for what an application may send early.
extension TLSStream {
  /// Writes plaintext before the handshake is done, and returns after the transport has accepted it: a client's early
  /// data, **which an attacker can send again**, or a server's answer to it. Call it before any other call; nothing is
  /// received meanwhile. One task at a time.
  ///
  /// - Parameter plaintext: The bytes. They are encrypted before the call suspends.
  /// - Returns: The number of bytes that were sent early, from the first on; 0 if none can be. The rest is the caller's
  ///   to ``write(_:)-([UInt8])``. If the server rejects early data, nothing is sent again by itself: see
  ///   ``earlyData()``.
  /// - Throws: ``TLSStreamError``, which reports how many bytes were encrypted.
  ///
  /// Corresponds to `SSL_write_early_data(3)`.
  public func writeEarly(_ plaintext: [UInt8]) async throws(TLSStreamError) -> Int {
    var accepted = 0
    do throws(TLSStreamError) {
      try await core.send { (state) throws(TLSStreamError) in try state.writeEarly(plaintext, &accepted) }
    } catch { throw TLSStreamError(error, bytesAccepted: accepted) }
    return accepted
  }

  /// Reads early plaintext of the client, apart from what ``read(upTo:)`` returns: **it may be a copy that an attacker
  /// sends again**. One task at a time, and before the first ``read(upTo:)``.
  ///
  /// - Parameter count: Bytes at most, 1 or more.
  /// - Returns: The bytes that have arrived, at least one; `nil` if there is no more early data.
  /// - Throws: ``TLSStreamError``. With `.cancelled` nothing was read.
  ///
  /// Corresponds to `SSL_read_early_data(3)`.
  public func readEarly(upTo count: Int = 65_536) async throws(TLSStreamError) -> [UInt8]? {
    try await core.read { (state) throws(TLSStreamError) in try state.readEarly(upTo: max(count, 1)) }
  }

  /// Performs the handshake, unless it has completed, and returns the server's decision about early data.
  ///
  /// - Returns: Whether it was accepted; if not, how many bytes a client has to write again; `nil` if none was offered.
  /// - Throws: ``TLSStreamError``, as ``handshake()``.
  ///
  /// Corresponds to `SSL_get_early_data_status(3)`.
  public func earlyData() async throws(TLSStreamError) -> TLSEarlyDataOutcome? {
    try await core.perform { (state) throws(TLSStreamError) -> TLSEarlyDataOutcome?? in
      try state.handshake() == nil ? nil : .some(state.engine.earlyData)
    }
  }
}
