import PinnedClient
import SansIOTLS
import SansIOTLSTestKit

extension EnginePair {
  /// Creates a client with a pin and a server, joined by a link.
  init(pin: Pin, server: TestIdentity, link: SimulatedLink = .direct, in world: SeededWorld? = nil) throws {
    let (client, server) = (pin.configuration, TLSContext.Configuration.server(try server.identity))
    try self.init(
      client: world?.context(client) ?? TLSContext(client), server: world?.context(server) ?? TLSContext(server),
      link: link, in: world)
  }

  /// Performs the handshake; the pin answers the client's questions.
  mutating func handshake(answering pin: Pin) throws {
    while step() {
      guard case .peerCertificates(let presented) = client.question else { continue }
      // A rejection fails the client, and is thrown below after its alert was delivered.
      try? answer(pin.answer(to: presented), at: .client)
    }
    try handshake()
  }
}
