import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The range of protocol versions.
@Suite(.tags(.law16, .behaviour))
struct VersionTests {
  @Test func `a minimum over the maximum is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.minimumVersion = .tls13
    configuration.maximumVersion = .tls12
    expectRefusal(.invalidVersionRange, .misuse, naming: "TLSv1.3", "TLSv1.2") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: [UInt16(0x0300), 0x0301, 0x0302, 0x0305, 0])
  func `a version that is not offered is refused at either end of the range`(number: UInt16) throws {
    let version = TLSVersion(rawValue: number)
    for end in [\TLSContext.Configuration.minimumVersion, \.maximumVersion] {
      var configuration = TLSContext.Configuration.client()
      configuration[keyPath: end] = version
      expectRefusal(.invalidVersionRange, .misuse, naming: "\(version)") { _ = try TLSContext(configuration) }
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a single enabled version is the version of the connection`(version: TLSVersion) throws {
    let pair = try EnginePair.connected { client, _ in
      client.minimumVersion = version
      client.maximumVersion = version
    }
    #expect(pair.client.negotiated?.version == version)
    #expect(pair.server.negotiated?.version == version)
  }

  @Test func `the newest version of both is chosen`() throws {
    let newest = try EnginePair.connected()
    #expect(newest.client.negotiated?.version == .tls13)
    let oldClient = try EnginePair.connected { client, _ in client.maximumVersion = .tls12 }
    #expect(oldClient.client.negotiated?.version == .tls12)
    let oldServer = try EnginePair.connected { _, server in server.maximumVersion = .tls12 }
    #expect(oldServer.client.negotiated?.version == .tls12)
  }

  @Test func `a server of TLS 1.3 alone refuses a client of TLS 1.2 alone`() throws {
    let failures = try EnginePair.failures { client, server in
      client.maximumVersion = .tls12
      server.minimumVersion = .tls13
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.server?.alertSent == .protocolVersion)
    #expect(failures.client?.code == .alertReceived)
    #expect(failures.client?.alertReceived == .protocolVersion)
  }

  @Test func `a server of TLS 1.2 alone refuses a client of TLS 1.3 alone`() throws {
    let failures = try EnginePair.failures { client, server in
      client.minimumVersion = .tls13
      server.maximumVersion = .tls12
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.server?.alertSent == .protocolVersion)
    #expect(failures.client?.alertReceived == .protocolVersion)
    #expect(failures.client?.hint.contains("protocol_version") == true)
  }

  @Test func `versions are ordered and named as libssl names them`() {
    #expect(TLSVersion.tls12 < .tls13)
    #expect("\(TLSVersion.tls12) \(TLSVersion.tls13)" == "TLSv1.2 TLSv1.3")
    #expect(TLSVersion(rawValue: 0x0302).description == "TLS 0x302")
  }
}
