public import SansIOTLS

extension TLSPreSharedKey {
  /// Returns a key for tests. Its bytes are derived from its identity and are no secret: the same in each process.
  ///
  /// - Parameters:
  ///   - identity: The name of the key, 1 to 256 bytes in UTF-8.
  ///   - hash: The hash that the key belongs to.
  /// - Returns: The key.
  public static func test(_ identity: String = "test", hash: Hash = .sha256) -> TLSPreSharedKey {
    precondition((1...maximumIdentityByteCount).contains(identity.utf8.count), "an identity has 1 to 256 bytes")
    var random = SplitMix(seed: identity.utf8.reduce(5381) { $0 &* 33 &+ UInt64($1) })
    let key = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    // The lengths are in range.
    return try! TLSPreSharedKey(identity: identity, key: key, hash: hash)
  }
}

extension EnginePair {
  /// Creates a pair whose sides prove themselves by a pre-shared key, and have no certificate: a connection in one
  /// line.
  ///
  /// - Parameters:
  ///   - key: The key of both sides.
  ///   - version: The only version allowed; `nil` for the defaults.
  ///   - limits: The limits of both engines.
  ///   - link: The link between the engines.
  ///   - world: A world that makes everything reproducible.
  ///   - file: The file of the call. A failure without a location of its own is reported there.
  ///   - line: The line of the call.
  ///   - configure: Changes the configurations before the contexts are created.
  /// - Throws: ``/SansIOTLS/TLSError`` if a context or an engine cannot be created; any error of `configure`.
  public init(
    preSharedKey key: TLSPreSharedKey, version: TLSVersion? = nil, limits: TLSEngine.Limits = .default,
    link: SimulatedLink = .direct, in world: SeededWorld? = nil,
    file: StaticString = #filePath, line: UInt = #line,
    configure: (
      _ client: inout TLSContext.Configuration, _ server: inout TLSContext.Configuration
    ) throws -> Void = { _, _ in }
  ) throws {
    var (client, server) = (TLSContext.Configuration.client(), TLSContext.Configuration.server([]))
    client.preSharedKeys = [key]
    server.preSharedKeys = [key]
    try self.init(
      Self.tracing(client, server, version), changedBy: configure, limits: limits, link: link, in: world, file: file,
      line: line)
  }
}
