/// The role of one side of a connection.
public enum TLSRole: Sendable, Hashable, CaseIterable {
  /// The side that sends the ClientHello.
  case client
  /// The side that answers it.
  case server

  /// The other role.
  public var peer: TLSRole { self == .client ? .server : .client }
}
