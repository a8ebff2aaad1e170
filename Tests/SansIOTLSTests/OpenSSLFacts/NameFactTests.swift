import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The library's names of suites and groups are those that libssl writes.
@Suite(.tags(.openSSLFact))
struct NameFactTests {
  @Test func `the suites of a ClientHello that offers everything have names`() throws {
    var pair = try EnginePair.connected(.tls12, handshake: false, identity: .server(key: .rsa2048)) { client, server in
      client.securityLevel = 0
      client.cipherList = "ALL"
      server.pausesAtClientHello = true
    }
    pair.step()
    guard case .clientHello(let hello)? = pair.server.question else { return #expect(pair.server.question != nil) }
    #expect(hello.cipherSuites.count > 20)
    for suite in hello.cipherSuites {
      #expect(suite.description.hasPrefix("TLS_"))
      #expect(try TLSCipherSuite(name: suite.description) == suite)
    }
    #expect(hello.cipherSuites.contains(.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256))
  }

  @Test func `a ClientHello reports groups and signature schemes in the client's order`() throws {
    var pair = try EnginePair.connected(.tls13, handshake: false) { client, server in
      client.groups = [.secp384r1, .x25519, .ffdhe2048]
      client.signatureSchemes = [.ed25519, .ecdsa_secp256r1_sha256]
      server.pausesAtClientHello = true
    }
    pair.step()
    guard case .clientHello(let hello)? = pair.server.question else { return #expect(pair.server.question != nil) }
    #expect(hello.groups == [.secp384r1, .x25519, .ffdhe2048])
    #expect(hello.signatureSchemes == [.ed25519, .ecdsa_secp256r1_sha256])
  }

  @Test(arguments: [TLSGroup.secp256r1, .secp384r1, .secp521r1, .x25519, .x448, .ffdhe2048, .ffdhe3072, .ffdhe4096])
  func `a negotiated group is the one that was named`(group: TLSGroup) throws {
    let pair = try EnginePair.connected(.tls13) { client, server in
      client.groups = [group]
      server.groups = group == .secp256r1 ? [group] : [group, .secp256r1]
    }
    #expect(pair.client.negotiated?.group == group)
    #expect(pair.server.negotiated?.group == group)
  }
}
