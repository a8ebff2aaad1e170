/// A direction of a transport, as seen from this end.
public enum TransportDirection: Sendable, Hashable {
  /// From the peer to here.
  case receiving
  /// From here to the peer.
  case sending
}
