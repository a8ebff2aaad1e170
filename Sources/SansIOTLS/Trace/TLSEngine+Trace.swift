extension TLSEngine {
  /// Returns the next record or message that passed, oldest first, if the context traces them
  /// (``TLSContext/Configuration/tracesMessages``). Also available after an error.
  ///
  /// - Returns: The message, without its contents; `nil` if there is none.
  ///
  /// Corresponds to `SSL_CTX_set_msg_callback(3)`.
  public mutating func nextTracedMessage() -> TLSTracedMessage? { handle.tap?.next() }

  /// Traces messages for ``nextTracedMessage()`` even if the context does not, for the test kit, whose ladders show the
  /// connections of an application's own contexts. Has no effect if the context traces.
  package mutating func keepMessages() { handle.startTap(limit: limits.tracedMessageCount) }
}
