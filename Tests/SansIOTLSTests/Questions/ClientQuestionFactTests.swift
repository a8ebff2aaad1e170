import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// The facts about libssl and a client's certificate where the engine acts in its place.
@Suite(.tags(.openSSLFact))
struct ClientQuestionFactTests {
  /// The alert that libssl sends for a failed verification of a client is not to be had from it otherwise.
  @Test(arguments: TLSVersion.both)
  func `each result of a verification has its alert`(version: TLSVersion) throws {
    let identity = TestIdentity.server()
    var client = TLSContext.Configuration.client()
    client.trustRoots = [identity.trust]
    client.identities = [try TestIdentity.client().identity]
    client.minimumVersion = version
    let context = try TLSContext(client)
    for code in Int32(1)..<100 {
      let server = RawPeer(.server, version: version, identity: identity, verification: code)
      var engine = try TLSEngine(.client(serverName: .dns("localhost")), context: context)
      for _ in 0..<3 {
        _ = server.absorb(engine.drain())
        _ = try? engine.feed(server.drain())
      }
      _ = try? engine.read(upTo: 1)
      #expect(engine.failure?.alertReceived == TLSAlert(verificationCode: code), "\(code)")
    }
  }

  /// Row 45: what suspends a client's verification of its server does not suspend a server's.
  @Test(arguments: TLSVersion.both)
  func `a server that retries the verification of its client has accepted it`(version: TLSVersion) throws {
    let identity = TestIdentity.server()
    // Of an authority that the server does not know.
    let alice = TestIdentity.client("Alice")
    var client = TLSContext.Configuration.client()
    client.trustRoots = [identity.trust]
    client.identities = [try alice.identity]
    client.minimumVersion = version
    let server = RawPeer(
      .server, version: version, identity: identity, verification: RawPeer.retriedVerification)
    var engine = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(client))
    for _ in 0..<3 {
      #expect(server.absorb(engine.drain()).isEmpty)
      _ = try engine.feed(server.drain())
    }
    #expect(engine.negotiated?.version == version)
    #expect(server.peerCertificate == alice.certificateDER)
    _ = try engine.write([1, 2])
    #expect(server.absorb(engine.drain()) == [1, 2])
    server.write([3])
    #expect(try engine.absorb(server.drain()) == [3])
  }
}
