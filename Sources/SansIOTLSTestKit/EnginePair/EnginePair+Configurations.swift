public import SansIOTLS

/// Pairs and configurations without certificates of the caller's.
extension EnginePair {
  /// Creates a pair whose client trusts the new test authority of its server: a whole connection in one line.
  ///
  /// - Parameters:
  ///   - version: The only version allowed; `nil` for the defaults.
  ///   - key: The key type of the server's certificate, which is for `localhost`.
  ///   - limits: The limits of both engines.
  ///   - link: The link between the engines.
  ///   - world: A world that makes everything reproducible, certificates included.
  ///   - file: The file of the call. A failure without a location of its own is reported there.
  ///   - line: The line of the call.
  ///   - configure: Changes the configurations before the contexts are created.
  /// - Throws: ``/SansIOTLS/TLSError`` if a context or an engine cannot be created; any error of `configure`.
  public init(
    version: TLSVersion? = nil, key: TestIdentity.KeyType = .p256, limits: TLSEngine.Limits = .default,
    link: SimulatedLink = .direct, in world: SeededWorld? = nil,
    file: StaticString = #filePath, line: UInt = #line,
    configure: (
      _ client: inout TLSContext.Configuration, _ server: inout TLSContext.Configuration
    ) throws -> Void = { _, _ in }
  ) throws {
    let authority = world?.authority() ?? TestAuthority()
    let configurations = try Self.configurations(
      version: version, identity: authority.issue(names: ["localhost"], key: key))
    try self.init(
      configurations, changedBy: configure, limits: limits, link: link, in: world, file: file, line: line)
  }

  /// Creates a pair of configurations that its test may still change.
  init(
    _ configurations: (client: TLSContext.Configuration, server: TLSContext.Configuration),
    changedBy configure: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void,
    limits: TLSEngine.Limits, link: SimulatedLink, in world: SeededWorld?, file: StaticString, line: UInt
  ) throws {
    var (client, server) = configurations
    try configure(&client, &server)
    try self.init(
      client: world?.context(client) ?? TLSContext(client), server: world?.context(server) ?? TLSContext(server),
      limits: limits, link: link, in: world, file: file, line: line)
  }

  /// Creates the configurations of a client and a server that share a test authority, at one version. Both trace their
  /// messages.
  ///
  /// - Parameters:
  ///   - version: The only version allowed; `nil` for the defaults.
  ///   - identity: The server's identity, for `localhost`.
  /// - Returns: A client's and a server's configuration, which the caller may change.
  /// - Throws: ``/SansIOTLS/TLSError`` if the identity cannot be used.
  public static func configurations(
    version: TLSVersion? = nil, identity: TestIdentity = .server()
  ) throws(TLSError) -> (client: TLSContext.Configuration, server: TLSContext.Configuration) {
    var client = TLSContext.Configuration.client()
    client.trustRoots = [identity.trust]
    return tracing(client, .server(try identity.identity), version)
  }

  /// Completes the configurations of a pair.
  static func tracing(
    _ client: TLSContext.Configuration, _ server: TLSContext.Configuration, _ version: TLSVersion?
  ) -> (client: TLSContext.Configuration, server: TLSContext.Configuration) {
    var (client, server) = (client, server)
    client.minimumVersion = version
    client.maximumVersion = version
    server.minimumVersion = version
    server.maximumVersion = version
    client.tracesMessages = true
    server.tracesMessages = true
    return (client, server)
  }
}
