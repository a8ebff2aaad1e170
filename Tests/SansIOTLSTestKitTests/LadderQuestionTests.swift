import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTrace
import Testing

/// The question about a client's certificates in a ladder: in the order in which things happened.
struct LadderQuestionTests {
  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `neither ticket nor plaintext precedes the answer about a client's certificates`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    let alice = TestIdentity.client("Alice")
    client.identities = [try alice.identity]
    server.trustRoots = [alice.trust]
    server.clientAuthentication = .required
    server.pausesAtPeerCertificates = true
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    while pair.step() {}
    // A TLS 1.3 client has completed its handshake; one of TLS 1.2 waits for the server's Finished.
    if version == .tls13 { #expect(try pair.write([1, 2, 3], from: .client) == .done(3)) }
    while pair.step() {}
    #expect(try pair.read(at: .server) == .needsAnswer)
    #expect(pair.client.nextTicket == nil)
    try pair.answer(TLSEngine.PeerCertificates.Answer.trust, at: .server)
    try pair.handshake()
    if version == .tls12 { #expect(try pair.write([1, 2, 3], from: .client) == .done(3)) }
    while pair.step() {}
    #expect(try pair.read(at: .server) == .done([1, 2, 3]))

    let lines = pair.log.ladder.text().split(separator: "\n")
    func line(_ text: String) throws -> Int { try #require(lines.firstIndex { $0.contains(text) }, "\(text)") }
    let question = try line("the server asks")
    let answer = try line("the server's application answers")
    let ticket = try line("NewSessionTicket")
    #expect(question < answer)
    #expect(answer < ticket)
  }

  @Test func `a request after the handshake, its answer and a KeyUpdate are drawn`() throws {
    var (client, server) = try EnginePair.configurations(version: .tls13)
    let alice = TestIdentity.client("Alice")
    client.identities = [try alice.identity]
    client.offersPostHandshakeAuthentication = true
    server.trustRoots = [alice.trust]
    server.clientAuthentication = .onRequest
    server.resumption = .off
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    try pair.handshake()
    try pair.keyUpdate(from: .server, requestingPeer: true)
    try pair.requestClientCertificate()
    #expect(try pair.transfer([1], from: .server) == [1])
    #expect(try pair.transfer([2], from: .client) == [2])
    var lines = pair.log.ladder.text().split(separator: "\n")[...]
    for text in ["EncryptedExtensions", "KeyUpdate", "CertificateRequest", "CertificateVerify", "Finished"] {
      let found = try #require(lines.firstIndex { $0.contains(text) }, "\(text)")
      lines = lines[(found + 1)...]
    }
  }
}

extension TLSEngine {
  /// The first session among the events that have not been removed.
  fileprivate var nextTicket: TLSSession? {
    mutating get {
      while let event = nextEvent() { if case .sessionTicket(let session) = event { return session } }
      return nil
    }
  }
}
