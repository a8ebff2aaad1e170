import SansIOTLS
import SansIOTLSTestKit
import Testing

/// libssl's security level, and the other numbers that have a range.
struct SecurityLevelTests {
  @Test(arguments: [-1, 6, .min, .max])
  func `a security level that does not exist is refused`(level: Int) throws {
    var configuration = TLSContext.Configuration.client()
    configuration.securityLevel = level
    expectRefusal(.invalidConfiguration, .misuse, naming: "security level", "\(level)") {
      _ = try TLSContext(configuration)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a peer's key too weak for the level is refused`(version: TLSVersion) throws {
    let weak = TestIdentity.server(defect: .weakKey)
    let refused = try EnginePair.failures(version, identity: weak) { client, server in
      server.securityLevel = 0
      client.securityLevel = 2
    }
    #expect(refused.client?.code == .certificateRejected)
    #expect(refused.client?.verification?.code == 66)
    let accepted = try EnginePair.failures(version, identity: weak) { client, server in
      server.securityLevel = 0
      client.securityLevel = 0
    }
    #expect(accepted.client == nil)
    #expect(accepted.server == nil)
  }

  @Test func `a level that forbids the peer's curve ends the handshake`() throws {
    let failures = try EnginePair.failures { client, _ in client.securityLevel = 5 }
    #expect(failures.client != nil)
    #expect(failures.server != nil)
  }

  @Test(arguments: [-1, 17])
  func `a number of session tickets out of range is refused`(count: Int) throws {
    var configuration = TLSContext.Configuration.server(try TestIdentity.server().identity)
    configuration.sessionTickets = count
    expectRefusal(.invalidConfiguration, .misuse, naming: "\(count)", "16") { _ = try TLSContext(configuration) }
  }

  @Test func `questions are refused on the side that cannot ask them`() throws {
    var client = TLSContext.Configuration.client()
    client.asksAboutClientHello = true
    expectRefusal(.invalidConfiguration, .misuse, naming: "asksAboutClientHello") { _ = try TLSContext(client) }
    var server = TLSContext.Configuration.server(try TestIdentity.server().identity)
    server.asksAboutPeerCertificate = true
    expectRefusal(.unsupported, .misuse, naming: "asksAboutPeerCertificate") { _ = try TLSContext(server) }
  }
}
