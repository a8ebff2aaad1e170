extension TLSEngine {
  /// Keeps messages for ``nextTracedMessage()`` although the context does not tap them: for the test kit, whose ladders show the
  /// connections of contexts as an application makes them. Does nothing where the context taps.
  package mutating func keepMessages() { handle.startTap(limit: limits.tracedMessageCount) }
}
