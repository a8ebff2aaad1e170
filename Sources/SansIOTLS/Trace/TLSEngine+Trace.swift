extension TLSEngine {
  /// The next record or message that passed, oldest first, on a context that taps them
  /// (``TLSContext/Configuration/tracesMessages``). Works after errors too.
  ///
  /// - Returns: the message, without its contents, or `nil` if there is none.
  ///
  /// Corresponds to `SSL_CTX_set_msg_callback(3)`.
  public mutating func nextTracedMessage() -> TLSTracedMessage? { handle.tap?.next() }

  /// Keeps messages for ``nextTracedMessage()`` although the context does not tap them: for the test kit, whose ladders show the
  /// connections of contexts as an application makes them. Does nothing where the context taps.
  package mutating func keepMessages() { handle.startTap(limit: limits.tracedMessageCount) }
}
