import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Calls at the wrong time or with wrong arguments: each has its code, blames the call, and leaves the connection as it
/// was.
@Suite(.tags(.behaviour))
struct CallErrorTests {
  @Test func `an engine and a context of different sides do not go together`() throws {
    let server = try TLSContext(.server(TestIdentity.server().identity))
    let client = try TLSContext(.client())
    expectRefusal(.wrongRole, .misuse, naming: "client") {
      _ = try TLSEngine(.client(serverName: .dns("localhost")), context: server)
    }
    expectRefusal(.wrongRole, .misuse, naming: "server") { _ = try TLSEngine(.server, context: client) }
  }

  @Test func `a server with a session is refused`() throws {
    var pair = try EnginePair.connected(.tls12)
    let sessions = pair.client.allSessions()
    let session = try #require(sessions.last)
    let context = try TLSContext(.server(TestIdentity.server().identity))
    expectRefusal(.invalidArgument, .misuse, naming: "session") {
      _ = try TLSEngine(.server, context: context, session: session)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `after close writing is refused and everything else continues`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    _ = try pair.client.closeWriting()
    expectRefusal(.closed, .misuse, naming: "closeWriting()") { _ = try pair.client.write([1]) }
    expectRefusal(.closed, .misuse, naming: "closeWriting()") { _ = try pair.client.keyUpdate(requestingPeer: false) }
    #expect(pair.client.failure == nil)
    #expect(try pair.transfer([7], from: .server) == [7])
  }

  @Test(arguments: TLSVersion.both)
  func `a handshake closed in its middle is over`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    pair.step()
    #expect(try pair.client.closeWriting() == .done)
    expectRefusal(.abandoned, .misuse, naming: "during the handshake") { _ = try pair.client.feed([22]) }
    expectRefusal(.abandoned, .misuse, naming: "during the handshake") { _ = try pair.client.handshake() }
    expectRefusal(.abandoned, .misuse, naming: "during the handshake") { _ = try pair.client.read(upTo: 1) }
    expectRefusal(.abandoned, .misuse, naming: "during the handshake") { _ = try pair.client.write([1]) }
    expectRefusal(.abandoned, .misuse, naming: "during the handshake") {
      _ = try pair.client.keyUpdate(requestingPeer: true)
    }
    #expect(try pair.client.closeWriting() == .done)
    #expect(pair.client.failure == nil)
    #expect(pair.client.needs.isSubset(of: .drain))
  }

  @Test(arguments: TLSVersion.both)
  func `nothing is fed after the end of input`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    pair.client.feedEOF()
    expectRefusal(.inputAfterEOF, .misuse, naming: "feedEOF()") { _ = try pair.client.feed([1, 2, 3]) }
    #expect(pair.client.failure == nil)
    #expect(try pair.transfer([7], from: .client) == [7])
  }

  @Test func `an answer without a question, or to another, is refused and the question stands`() throws {
    var pair = try EnginePair.connected(handshake: false) { client, server in
      client.pausesAtPeerCertificates = true
      server.pausesAtClientHello = true
    }
    expectRefusal(.wrongAnswer, .misuse, naming: "no question") { try pair.server.answer(.serve) }
    pair.step()
    expectRefusal(.wrongAnswer, .misuse, naming: "another question") { try pair.server.answer(.trust) }
    let clientContext = try TLSContext(.client())
    expectRefusal(.wrongRole, .misuse, naming: "server's side") { try pair.server.answer(.serve(with: clientContext)) }
    #expect(pair.server.question != nil)
    try pair.server.answer(.serve)
    pair.step()
    #expect(pair.client.question != nil)
    expectRefusal(.wrongAnswer, .misuse, naming: "another question") {
      try pair.client.answer(.serve(with: clientContext))
    }
    expectRefusal(.wrongAnswer, .misuse, naming: "close_notify") { try pair.client.answer(.distrust(.closeNotify)) }
    #expect(pair.client.question != nil)
    try pair.client.answer(.followVerification)
    try pair.handshake()
  }

  @Test func `TLS 1.2 has no KeyUpdate`() throws {
    var pair = try EnginePair.connected(.tls12)
    expectRefusal(.unsupported, .misuse, naming: "TLS 1.2", "KeyUpdate") {
      _ = try pair.client.keyUpdate(requestingPeer: true)
    }
    #expect(try pair.transfer([7], from: .client) == [7])
  }

  @Test func `errors are equal by their codes`() throws {
    let context = try TLSContext(.client())
    let empty = thrownError { _ = try TLSEngine(.client(serverName: .dns("")), context: context) }
    let address = thrownError { _ = try TLSEngine(.client(serverName: .ip("x")), context: context) }
    #expect(empty == address)
    #expect(empty?.hint != address?.hint)
    #expect(empty?.description.hasPrefix("invalidServerName: ") == true)
  }
}
