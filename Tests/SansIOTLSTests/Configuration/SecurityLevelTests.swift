import SansIOTLS
import SansIOTLSTestKit
import Testing

/// libssl's security level, and the other numbers that have a range.
@Suite(.tags(.law16, .behaviour))
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
    // The group is one that the level allows, so that the certificate alone is at fault.
    let failures = try EnginePair.failures { client, server in
      client.securityLevel = 5
      client.groups = [.secp521r1]
      server.groups = [.secp256r1, .secp521r1]
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.server?.alertSent == .handshakeFailure)
    #expect(failures.client?.code == .alertReceived)
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }

  @Test func `groups that the level forbids leave a client nothing to offer`() throws {
    var (client, _) = try EnginePair.configurations()
    client.securityLevel = 5
    client.groups = [.x25519, .secp256r1]
    let context = try TLSContext(client)
    expectRefusal(.peerIncompatible, .local, naming: "groups", "security level") {
      _ = try TLSEngine(.client(serverName: .dns("localhost")), context: context)
    }
  }

  /// libssl 3.5 marks the groups that it creates key shares for, and the highest level allows none of these.
  @Test func `a client of the highest level needs groups by name where libssl's own do not serve`() throws {
    var (client, _) = try EnginePair.configurations()
    client.securityLevel = 5
    let context = try TLSContext(client)
    if LibraryVersion.hasHybridGroups {
      expectRefusal(.peerIncompatible, .local, naming: "groups", "security level") {
        _ = try TLSEngine(.client(serverName: .dns("localhost")), context: context)
      }
    } else {
      let engine = try TLSEngine(.client(serverName: .dns("localhost")), context: context)
      #expect(engine.needs == [.drain, .feed])
    }
  }

  @Test(arguments: [-1, 17])
  func `a number of session tickets out of range is refused`(count: Int) throws {
    var configuration = TLSContext.Configuration.server(try TestIdentity.server().identity)
    configuration.resumption = .tickets(count: count)
    expectRefusal(.invalidConfiguration, .misuse, naming: "\(count)", "16") { _ = try TLSContext(configuration) }
  }

  @Test func `questions are refused on the side that cannot pause for them`() throws {
    var client = TLSContext.Configuration.client()
    client.pausesAtClientHello = true
    expectRefusal(.invalidConfiguration, .misuse, naming: "pausesAtClientHello") { _ = try TLSContext(client) }
  }
}
