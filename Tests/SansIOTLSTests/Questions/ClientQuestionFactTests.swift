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
}
