import SansIOTLS
import SansIOTLSTestKit
import Testing

/// No description, and no dump of a value, contains a key, a passphrase or plaintext.
@Suite(.tags(.behaviour))
struct SecrecyTests {
  private static let passphrase = "correct horse battery staple"

  private func dumped<Value>(_ value: Value) -> String {
    var text = "\(value) " + String(reflecting: value) + " "
    dump(value, to: &text)
    return text
  }

  /// In the forms that bytes have in a dump: text, hexadecimal, decimal lists.
  private func shows(_ text: String, _ bytes: [UInt8]) -> Bool {
    let part = bytes.prefix(16)
    let hexadecimal = part.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    let lists = [part.map(String.init).joined(separator: ", "), part.map { "- \($0)" }.joined(separator: "\n")]
    return text.contains(String(decoding: part, as: UTF8.self)) || text.lowercased().contains(hexadecimal)
      || lists.contains(where: text.contains)
  }

  @Test func `the helper detects bytes in a dump`() {
    let secret = Array("sixteen letters.".utf8)
    #expect(shows(dumped(secret), secret))
    #expect(shows(dumped("sixteen letters."), secret))
  }

  @Test func `descriptions of identities and configurations contain no key and no passphrase`() throws {
    let minted = TestIdentity.server()
    let loaded = try TLSIdentity(
      pemChain: minted.chainPEM, privateKey: minted.privateKeyPEM(passphrase: Self.passphrase),
      passphrase: Self.passphrase)
    let configuration = TLSContext.Configuration.server(loaded)
    let context = try TLSContext(configuration)
    let key = minted.privateKeyDER
    for text in [dumped(loaded), dumped(configuration), dumped(context), dumped(minted.authority.trust)] {
      #expect(!text.contains(Self.passphrase))
      // The private scalar of a P-256 key in PKCS#8 stands 36 bytes into it.
      #expect(!shows(text, Array(key[36..<52])))
    }
    #expect("\(loaded)" == "TLSIdentity(CN=localhost)")
  }

  @Test func `an error about a passphrase or a key contains neither`() throws {
    let minted = TestIdentity.server()
    let errors = [
      thrownError {
        _ = try TLSIdentity(
          pemChain: minted.chainPEM, privateKey: minted.privateKeyPEM(passphrase: "other"), passphrase: Self.passphrase)
      },
      thrownError { _ = try TLSIdentity(pkcs12: minted.pkcs12(passphrase: "other"), passphrase: Self.passphrase) },
      thrownError {
        _ = try TLSIdentity(
          pemChain: minted.chainPEM, privateKey: minted.privateKeyPEM,
          passphrase: String(repeating: Self.passphrase, count: 50))
      },
      thrownError {
        _ = try TLSIdentity(pemChain: minted.chainPEM, privateKey: Array(minted.privateKeyDER.dropLast(8)))
      },
    ]
    for error in errors {
      let text = dumped(try #require(error))
      #expect(!text.contains(Self.passphrase))
      #expect(!shows(text, Array(minted.privateKeyDER[36..<52])))
    }
  }

  @Test(arguments: TLSVersion.both)
  func `the error of a connection contains no plaintext`(version: TLSVersion) throws {
    let secret = Array("the plaintext of this record is secret".utf8)
    var pair = try EnginePair.connected(version)
    _ = try pair.client.write(secret)
    var record = pair.client.drain()
    record[record.count - 1] ^= 1
    _ = try pair.server.feed(record)
    let error = try #require(thrownError { _ = try pair.server.read(upTo: 100) })
    #expect(error.alertSent == .badRecordMAC)
    #expect(!shows(dumped(error), secret))
  }

  @Test(arguments: TLSVersion.both)
  func `a session's description contains its version alone`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    _ = pair.outcome()
    let sessions = pair.client.allSessions()
    let session = try #require(sessions.last)
    #expect("\(session)" == "TLSSession(\(version))")
    // The dates of the certificate are in it, and no secret: one would add 480 bytes.
    #expect(dumped(session).utf8.count < 1100)
  }

  @Test func `a server's session that is stored shows its size alone`() throws {
    var (client, server) = try EnginePair.configurations(version: .tls13)
    client.maximumVersion = .tls13
    server.pausesAtClientHello = true
    server.resumption = .applicationStore()
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    while pair.server.question == nil, pair.step() {}
    try pair.server.answerAsConfigured()
    try pair.handshake()
    var shown: [String] = []
    while let event = pair.server.nextEvent() {
      guard case .sessionToStore(let session) = event else { continue }
      shown += [dumped(session), dumped(event), dumped(TLSEngine.ClientHello.Answer.serve.resuming(session))]
      #expect(shown.allSatisfy { !shows($0, Array(session.bytes.suffix(64))) && !shows($0, session.bytes) })
    }
    #expect(shown.count == 3)
    #expect(shown.allSatisfy { $0.contains("TLSServerSession(") && $0.utf8.count < 1000 })
  }
}
