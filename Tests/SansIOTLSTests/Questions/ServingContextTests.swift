import SansIOTLS
import SansIOTLSTestKit
import Testing

/// After the answer `.use`, the other context alone decides how a client is checked and what it gets.
@Suite(.tags(.law13, .law15))
struct ServingContextTests {
  typealias Configuration = TLSContext.Configuration

  private static let alice = TestIdentity.client("Alice")
  private static let mallory = TestIdentity.client("Mallory")

  /// A connection whose ClientHello was answered by another context than the one that asked.
  private func served(
    _ version: TLSVersion, client identity: TestIdentity? = nil, front changeFront: (inout Configuration) -> Void,
    other changeOther: (inout Configuration) -> Void
  ) throws -> EnginePair {
    var (client, front) = try EnginePair.configurations(version: version)
    if let identity { client.identities = [try identity.identity] }
    var other = front
    front.pausesAtClientHello = true
    changeFront(&front)
    changeOther(&other)
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(front))
    while pair.server.question == nil, pair.step() {}
    try pair.server.answer(.serve(with: TLSContext(other)))
    return pair
  }

  private static func demand(
    _ authentication: Configuration.ClientAuthentication, _ verification: Configuration.PeerVerification = .chain
  ) -> (inout Configuration) -> Void {
    {
      $0.clientAuthentication = authentication
      $0.peerVerification = verification
      $0.trustRoots = [alice.trust]
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a context that verifies chains does so after one that does not`(version: TLSVersion) throws {
    var stranger = try served(
      version, client: Self.mallory, front: Self.demand(.required, .none), other: Self.demand(.required))
    #expect(stranger.outcome().server?.code == .certificateRejected)
    var friend = try served(
      version, client: Self.alice, front: Self.demand(.required, .none), other: Self.demand(.required))
    #expect(friend.outcome().server == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `a context that verifies no chains verifies none after one that does`(version: TLSVersion) throws {
    var pair = try served(
      version, client: Self.mallory, front: Self.demand(.required), other: Self.demand(.required, .none))
    #expect(pair.outcome().server == nil)
    #expect(pair.server.peerCertificates.first?.subject.description == "CN=Mallory")
  }

  @Test(arguments: TLSVersion.both, [Configuration.ClientAuthentication.none, .requested])
  func `a client without a certificate is served if only the first context requires one`(
    version: TLSVersion, other: Configuration.ClientAuthentication
  ) throws {
    var pair = try served(version, front: Self.demand(.required), other: Self.demand(other))
    #expect(pair.outcome().server == nil)
    #expect(pair.server.negotiated != nil)
  }

  @Test(arguments: TLSVersion.both)
  func `a client's certificate is not requested if the other context requests none`(version: TLSVersion) throws {
    var pair = try served(version, client: Self.alice, front: Self.demand(.requested), other: Self.demand(.none))
    #expect(pair.outcome().server == nil)
    #expect(pair.server.peerCertificates.isEmpty)
  }

  @Test(arguments: TLSVersion.both, [Configuration.ClientAuthentication.none, .requested])
  func `a client without a certificate is refused if the other context requires one`(
    version: TLSVersion, front: Configuration.ClientAuthentication
  ) throws {
    var pair = try served(version, front: Self.demand(front), other: Self.demand(.required))
    #expect(pair.outcome().server?.alertSent == (version == .tls13 ? .certificateRequired : .handshakeFailure))
  }

  @Test(arguments: [(1, 0), (0, 1), (1, 3), (3, 1)])
  func `the other context decides how many tickets are sent`(front: Int, other: Int) throws {
    var pair = try served(
      .tls13, front: { $0.resumption = .tickets(count: front) }, other: { $0.resumption = .tickets(count: other) })
    #expect(pair.outcome().client == nil)
    #expect(pair.client.allEvents().count { $0.hasPrefix("sessionTicket") } == other)
  }
}
