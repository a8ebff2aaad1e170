import SansIOTLS
import SansIOTLSNIO
import SansIOTLSTestKit
import SansIOTLSTransports

/// The contexts of a client and of a server that accepts early data.
struct EarlyEnds {
  let client: TLSContext
  let server: TLSContext

  init(
    maximum: Int = 16_384,
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws {
    var (client, server) = try EnginePair.configurations(version: .tls13)
    server.maximumEarlyDataByteCount = maximum
    server.earlyDataReplayFilter = maximum > 0 ? try TLSReplayFilter() : nil
    try change(&client, &server)
    self.client = try TLSContext(client)
    self.server = try TLSContext(server)
  }

  /// A server that asks about each ClientHello instead of a filter.
  static func asking() throws -> EarlyEnds {
    try EarlyEnds { _, server in
      server.earlyDataReplayFilter = nil
      server.pausesAtClientHello = true
    }
  }

  /// A session of a first connection.
  func session() throws -> TLSSession {
    let pair = try ChannelPair(
      client: TLSClientHandler(context: client, serverName: .dns("localhost")),
      server: TLSServerHandler(context: server))
    try pair.handshake()
    guard let session = pair.client.recorder.session else { throw NoSession() }
    return session
  }

  /// An error: the server issued none.
  struct NoSession: Error {}

  /// Channels whose client may send early, by a session of a first connection.
  ///
  /// - Parameters:
  ///   - session: the session; `nil` for one of a first connection.
  ///   - other: the server's context; `nil` for the one that issued the session.
  ///   - delegate: answers the server's questions.
  func pair(
    _ session: TLSSession? = nil, at other: TLSContext? = nil, delegate: (any TLSHandlerDelegate)? = nil
  ) throws -> ChannelPair {
    try ChannelPair(
      client: TLSClientHandler(
        context: client, serverName: .dns("localhost"), session: session ?? self.session(), sendsEarlyData: true),
      server: TLSServerHandler(context: other ?? server, delegate: delegate))
  }
}
