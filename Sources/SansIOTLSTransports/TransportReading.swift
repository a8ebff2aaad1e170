/// The result of a call that receives at once.
public enum TransportReading: Sendable, Hashable {
  /// This many bytes were appended, one or more.
  case bytes(Int)
  /// No bytes are available now.
  case wouldBlock
  /// No more bytes will arrive.
  case endOfStream
}
