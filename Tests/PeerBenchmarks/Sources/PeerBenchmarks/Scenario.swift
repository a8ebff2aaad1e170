import NIOCore
import NIOEmbedded

/// Repeated work with a peer's handlers.
struct Scenario: Sendable {
  /// The printed name.
  let name: String
  /// Prepares the work and returns the closure of one turn.
  let prepare: @Sendable (any Peer) throws -> () throws -> Void

  static let handshakes = Scenario(name: "handshakes, TLS 1.3, P-256") { peer in
    {
      for _ in 0..<10 { try EmbeddedPair(peer).drop() }
    }
  }

  static let bulk = Scenario(name: "bulk, writes of 64 KiB") { peer in
    let pair = try EmbeddedPair(peer)
    let plaintext = ByteBuffer(repeating: 7, count: 65_536)
    return {
      let wanted = pair.atServer.byteCount + 256 * plaintext.readableBytes
      for _ in 0..<256 {
        pair.client.writeAndFlush(plaintext, promise: nil)
        try pair.move(pair.client, to: pair.server)
      }
      guard pair.atServer.byteCount == wanted else { throw EmbeddedPair.Stalled() }
    }
  }

  /// The number of round trips of one turn.
  static let roundTrips = 2_000

  static let pingPong = Scenario(name: "ping-pong of 64 bytes") { peer in
    let pair = try EmbeddedPair(peer)
    let plaintext = ByteBuffer(repeating: 7, count: 64)
    return {
      let wanted = pair.atClient.byteCount + roundTrips * plaintext.readableBytes
      for _ in 0..<roundTrips {
        pair.client.writeAndFlush(plaintext, promise: nil)
        try pair.move(pair.client, to: pair.server)
        pair.server.writeAndFlush(plaintext, promise: nil)
        try pair.move(pair.server, to: pair.client)
      }
      guard pair.atClient.byteCount == wanted else { throw EmbeddedPair.Stalled() }
    }
  }
}
