internal import SansIOTLS

/// A connection after another one.
extension EnginePair {
  /// Creates a pair whose client resumes the newest session that this pair's has received: what the server still sends
  /// is moved and read first. The contexts, the limits and the server's name are the same.
  ///
  /// ```swift
  /// var first = try EnginePair()
  /// try first.handshake()
  /// var second = try first.resumed()
  /// try second.handshake()
  /// ```
  ///
  /// - Parameters:
  ///   - world: The world in which the contexts were created; `nil` outside of one.
  ///   - link: The link between the engines.
  ///   - file: The file of the call. A failure without a location of its own is reported there.
  ///   - line: The line of the call.
  /// - Returns: The pair, before its handshake.
  /// - Throws: ``/SansIOTLS/TLSError`` of the first pair's client, or if the session cannot be offered; ``Stalled`` if
  ///   there is no session.
  public mutating func resumed(
    in world: SeededWorld? = nil, link: SimulatedLink = .direct, file: StaticString = #filePath, line: UInt = #line
  ) throws -> EnginePair {
    // Some tickets are sent with the server's first data, and some only if the application asks for them.
    _ = try receive(at: .client)
    guard let session = client.takeSessions().last else {
      throw Stalled(description: "the client has received no session to resume; does the server issue tickets?")
    }
    return try EnginePair(
      client: client.context, server: server.context, serverName: session.serverName, limits: client.limits,
      session: session, link: link, in: world, file: file, line: line)
  }
}
