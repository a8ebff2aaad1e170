import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A connection over two memory buffers, with the rules of CPython's SSLObject.
@Suite(.tags(.behaviour))
struct ObjectRuleTests {
  @Test(arguments: TLSVersion.both)
  func `a close sends close_notify, the peer's succeeds at once, and each then reads the other's end`(
    version: TLSVersion
  ) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(try pair.client.closeWriting() == .done)
    #expect(pair.client.pendingOutputByteCount > 0)
    #expect(try pair.client.read(upTo: 1) == .needsFeed)
    pair.step()
    #expect(try pair.server.read(upTo: 1) == .endOfStream)
    #expect(try pair.server.closeWriting() == .done)
    pair.step()
    #expect(try pair.client.read(upTo: 1) == .endOfStream)
    #expect(pair.client.needs == [])
    #expect(pair.server.needs == [])
  }

  @Test(arguments: TLSVersion.both)
  func `no parameters are available before the handshake and all of them after it`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false) { client, _ in client.groups = [.x25519, .secp256r1]
    }
    #expect(pair.client.negotiated == nil)
    #expect(pair.server.negotiated == nil)
    #expect(pair.client.peerCertificates.isEmpty)
    #expect(
      thrownError { _ = try pair.client.exportKeyingMaterial(label: "EXPORTER-x", count: 1) }?.code
        == .handshakeNotComplete)
    try pair.handshake()
    let negotiated = pair.client.negotiated
    let client = try #require(negotiated)
    let other = pair.server.negotiated
    let server = try #require(other)
    #expect(server.version == client.version)
    #expect(server.cipherSuite == client.cipherSuite)
    #expect(server.group == client.group)
    #expect(server.serverName == client.serverName)
    #expect(server.secretBits == client.secretBits)
    // What each side knows of the other and of itself.
    #expect(client.peerSignatureScheme != nil)
    #expect(client.peerSignatureScheme == server.ownSignatureScheme)
    #expect(client.peerAuthentication == .certificate)
    #expect(server.peerSignatureScheme == nil)
    #expect(server.peerAuthentication == .none)
    #expect(client.version == version)
    #expect(client.cipherSuite.description.hasPrefix("TLS_"))
    #expect(client.group == .x25519)
    #expect(client.applicationProtocol == nil)
    #expect(client.serverName == "localhost")
    #expect(!client.isResumed)
    #expect(pair.client.peerCertificates.map(\.subject.description) == ["CN=localhost"])
    #expect(try pair.client.exportKeyingMaterial(label: "EXPORTER-x", count: 1).count == 1)
    _ = try pair.client.closeWriting()
    #expect(thrownError { _ = try pair.client.write([1]) }?.code == .closed)
  }

  @Test(arguments: TLSVersion.both)
  func `negotiated parameters remain available after a close and a failure`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    let agreed = pair.client.negotiated
    #expect(agreed != nil)
    try pair.shutdown()
    #expect(pair.client.negotiated == agreed)
    var failing = try EnginePair.connected(version)
    failing.client.feedEOF()
    #expect(thrownError { _ = try failing.client.read(upTo: 1) }?.code == .truncated)
    #expect(failing.client.negotiated?.version == version)
    #expect(failing.client.peerCertificates.count == 1)
  }

  @Test(arguments: TLSVersion.both)
  func `a request is answered and both close cleanly`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    #expect(try pair.transfer(Array("hello?".utf8), from: .client) == Array("hello?".utf8))
    #expect(try pair.transfer(Array("hello!".utf8), from: .server) == Array("hello!".utf8))
    try pair.shutdown()
  }
}
