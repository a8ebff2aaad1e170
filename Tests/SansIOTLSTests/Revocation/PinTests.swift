import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// Pins of peers' keys.
@Suite(.tags(.law15, .behaviour))
struct PinTests {
  private static let root = TestAuthority(name: "Root")
  private static let issuer = root.issueIntermediate()
  private static let identity = issuer.issue(names: ["localhost"])
  private static let reserve = TestIdentity.server()

  private static func failures(
    _ version: TLSVersion, _ pins: Set<TLSPublicKeyPin>, identity: TestIdentity = identity
  ) throws -> EnginePair.Failures {
    try EnginePair.failures(version, identity: identity) { client, _ in client.pinnedKeys = pins }
  }

  @Test(arguments: TLSVersion.both)
  func `a pin of any certificate in the chain is enough`(version: TLSVersion) throws {
    let backup = TLSPublicKeyPin(of: try Self.reserve.certificate)
    for certificate in [
      try Self.identity.certificate, try Self.issuer.certificate, try TLSCertificate(der: Self.root.certificateDER),
    ] {
      #expect(try Self.failures(version, [TLSPublicKeyPin(of: certificate), backup]).client == nil)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a chain without a pinned key is refused by its own code`(version: TLSVersion) throws {
    let failures = try Self.failures(version, [TLSPublicKeyPin(of: try Self.reserve.certificate)])
    let client = try #require(failures.client)
    #expect(client.code == .pinMismatch)
    #expect(client.blame == .peer)
    #expect(client.alertSent == .certificateUnknown)
    #expect(client.verification?.text == "no pinned key in the chain")
    #expect(failures.server?.alertReceived == .certificateUnknown)
  }

  @Test(arguments: TLSVersion.both)
  func `a server that changes to the key in reserve stays within reach`(version: TLSVersion) throws {
    let renewed = Self.issuer.issue(names: ["localhost"])
    let current = TLSPublicKeyPin(of: try Self.identity.certificate)
    let backup = TLSPublicKeyPin(of: try renewed.certificate)
    #expect(try Self.failures(version, [current, backup], identity: renewed).client == nil)
    #expect(try Self.failures(version, [current], identity: renewed).client?.code == .pinMismatch)
  }

  /// A certificate that the peer sends beside its chain proves nothing.
  @Test func `a pinned certificate outside of the verified chain does not count`() throws {
    let pinned = TestAuthority(name: "Pinned")
    let failures = try EnginePair.failures(identity: Self.identity) { client, server in
      client.pinnedKeys = [TLSPublicKeyPin(of: try pinned.certificate)]
      server.identities = [
        try TLSIdentity(
          derChain: Self.identity.chainDER + [pinned.certificateDER], privateKey: Self.identity.privateKeyDER)
      ]
    }
    #expect(failures.client?.code == .pinMismatch)
  }

  /// The chain is checked as without pins.
  @Test func `a pinned key does not excuse a defective certificate`() throws {
    let identity = TestIdentity.server(defect: .expired)
    let failures = try Self.failures(.tls13, [TLSPublicKeyPin(of: try identity.certificate)], identity: identity)
    #expect(failures.client?.code == .certificateRejected)
    #expect(failures.client?.verification?.code == 10)
  }

  @Test(arguments: TLSVersion.both)
  func `a server checks its clients' keys`(version: TLSVersion) throws {
    let staff = TestAuthority()
    let alice = staff.issue(subject: "Alice", usage: .client)
    let bob = staff.issue(subject: "Bob", usage: .client)
    for (identity, expected) in [(alice, nil), (bob, TLSError.Code.pinMismatch)] {
      let failures = try EnginePair.failures(version) { client, server in
        try EnginePair.authenticateClient(&client, &server, identity)
        server.pinnedKeys = [TLSPublicKeyPin(of: try alice.certificate)]
      }
      #expect(failures.server?.code == expected)
      if expected != nil { #expect(failures.client?.alertReceived == .certificateUnknown) }
    }
  }

  @Test func `an application learns of the mismatch and may accept it`() throws {
    var (client, server) = try EnginePair.configurations(identity: Self.identity)
    client.pausesAtPeerCertificates = true
    client.pinnedKeys = [TLSPublicKeyPin(of: try Self.reserve.certificate)]
    for (answer, expected) in [
      (TLSEngine.PeerCertificates.Answer.followVerification, TLSError.Code.pinMismatch), (.trust, nil),
    ] {
      var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
      while pair.step() {}
      guard case .peerCertificates(let presented)? = pair.client.question else {
        Issue.record("no question")
        continue
      }
      #expect(presented.verification.code == 10_001)
      try? pair.answer(answer, at: .client)
      let failure = pair.outcome().client
      #expect(failure?.code == expected)
      if expected != nil { #expect(failure?.alertSent == .certificateUnknown) }
    }
  }

  // MARK: The value

  @Test(arguments: [
    ([], ""), ([0xff], "/w=="), ([0, 1], "AAE="), ([1, 2, 3], "AQID"), ([250, 251, 252, 253], "+vv8/Q=="),
  ])
  func `bytes are written in base64`(bytes: [UInt8], text: String) {
    #expect(Base64.encode(bytes) == text)
    #expect(Base64.decode(text.utf8) == bytes)
  }

  @Test func `a pin is written and read as text`() throws {
    let pin = TLSPublicKeyPin(of: try Self.identity.certificate)
    let text = pin.description
    #expect(text.hasPrefix("sha256/"))
    #expect(text.utf8.count == 51)
    #expect(try TLSPublicKeyPin(text) == pin)
    #expect(try TLSPublicKeyPin("sha256//" + text.dropFirst(7)) == pin)
    #expect(try TLSPublicKeyPin(String(text.dropFirst(7))) == pin)
    #expect(try TLSPublicKeyPin(sha256: pin.sha256) == pin)
    // RFC 7469, section 2.1.5, has this one.
    #expect(
      try TLSPublicKeyPin("d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=").sha256.prefix(3) == [0x77, 0xaa, 0xb3])
    for wrong in ["", "sha256/", text + "A", String(text.dropLast()), "sha1/" + text, text.replacing("=", with: "A")] {
      expectRefusal(.invalidArgument, .misuse) { _ = try TLSPublicKeyPin(wrong) }
    }
    expectRefusal(.invalidArgument, .misuse, naming: "31") {
      _ = try TLSPublicKeyPin(sha256: Array(repeating: 0, count: 31))
    }
  }

  /// One key in 64 has such a pin.
  @Test func `a pin whose digits begin with a slash is read with and without a prefix`() throws {
    let pin = try TLSPublicKeyPin(sha256: [0xff] + Array(repeating: 0, count: 31))
    let digits = Base64.encode(pin.sha256)
    #expect(digits.hasPrefix("/"))
    for text in [pin.description, digits, "sha256//" + digits] { #expect(try TLSPublicKeyPin(text) == pin) }
  }

  @Test func `a single pin is warned of`() throws {
    let pin = TLSPublicKeyPin(of: try Self.identity.certificate)
    var client = TLSContext.Configuration.client()
    client.trustRoots = [Self.root.trust]
    client.pinnedKeys = [pin]
    #expect(try TLSContext(client).warnings == [.pinWithoutBackup(pin)])
    client.pinnedKeys = [pin, TLSPublicKeyPin(of: try Self.reserve.certificate)]
    #expect(try TLSContext(client).warnings == [])
    client.peerVerification = .none
    expectRefusal(.invalidConfiguration, .misuse, naming: "pinnedKeys") { _ = try TLSContext(client) }
  }
}
