import SansIOTLS
import SansIOTLSTestKit

/// Handshakes and requests after the first handshake.
extension Conversation {
  /// The client presents its certificate, or nothing; the server's application is asked about it, or not, and accepts
  /// or refuses it; a new ticket resumes with it.
  static func lateAuthentication(_ version: TLSVersion) throws {
    for (presents, pauses, accepts) in [
      (true, false, true), (false, false, true), (true, true, true), (true, true, false),
    ] {
      var (client, server) = try EnginePair.configurations(version: version)
      client.offersPostHandshakeAuthentication = true
      if presents { client.identities = [try alice.identity] }
      server.clientAuthentication = .onRequest
      server.trustRoots = [alice.trust]
      server.pausesAtPeerCertificates = pauses
      var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
      try exchange(&pair)
      for _ in 0..<2 {
        try pair.requestClientCertificate(isRequired: false)
        while pair.step() {}
        guard pair.hibernate(.server) else { throw Unexpected(text: "awake") }
        _ = try pair.receive(at: .client)
        _ = try pair.receive(at: .server)
        if pauses {
          _ = try? pair.answer(accepts ? .trust : .distrust(.accessDenied), at: .server)
          while pair.step() {}
        }
        if !accepts { break }
        guard pair.server.peerCertificates.isEmpty != presents else { throw Unexpected(text: "certificate") }
        try exchange(&pair)
      }
      guard (pair.server.failure == nil) == accepts else { throw Unexpected(text: "\(accepts)") }
    }
  }

  /// A client renegotiates until the limit.
  static func renegotiation(_ version: TLSVersion) throws {
    var configuration = Configuration.server(try TestIdentity.server().identity)
    configuration.acceptsRenegotiation = true
    var limits = TLSEngine.Limits.default
    limits.renegotiationCount = 2
    var server = try TLSEngine(.server, context: TLSContext(configuration), limits: limits)
    let client = RenegotiatingClient()
    _ = client.absorb([])
    try turn(client, &server)
    for _ in 0..<2 {
      client.renegotiate()
      try turn(client, &server)
      _ = try server.write([1, 2])
      guard client.absorb(server.drain()) == [1, 2] else { throw Unexpected(text: "transfer") }
    }
    client.renegotiate()
    _ = try? turn(client, &server)
    guard server.failure?.code == .limitExceeded else { throw Unexpected(text: "no limit") }
  }

  private static func turn(_ client: RenegotiatingClient, _ server: inout TLSEngine) throws {
    for _ in 0..<4 {
      _ = try server.feed(client.drain())
      while case .done = try server.read(upTo: 1000) {}
      _ = client.absorb(server.drain())
    }
  }
}
