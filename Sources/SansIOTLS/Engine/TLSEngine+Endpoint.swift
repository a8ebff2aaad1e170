extension TLSEngine {
  /// The local end of a connection.
  public enum Endpoint: Sendable, Hashable {
    /// Connects to the server of this name.
    case client(serverName: TLSServerName)
    /// Accepts a connection from a client.
    case server

    /// The role without its parameters.
    public var role: TLSRole { self == .server ? .server : .client }
  }
}
