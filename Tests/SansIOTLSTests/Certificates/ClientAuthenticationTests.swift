import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Client certificates: not requested, optional, required; valid, absent and invalid.
@Suite(.tags(.behaviour))
struct ClientAuthenticationTests {
  typealias Demand = TLSContext.Configuration.ClientAuthentication

  private let authority = TestAuthority(name: "Client CA")

  private func failures(
    _ version: TLSVersion, _ demand: Demand, _ client: TestIdentity?,
    change: (inout TLSContext.Configuration) -> Void = { _ in }
  ) throws -> EnginePair.Failures {
    try EnginePair.failures(version) { clientConfiguration, server in
      server.trustRoots = [authority.trust]
      server.clientAuthentication = demand
      clientConfiguration.identities = try client.map { [try $0.identity] } ?? []
      change(&server)
    }
  }

  @Test(arguments: TLSVersion.both, [Demand.requested, .required])
  func `a good client certificate is accepted and reported`(version: TLSVersion, demand: Demand) throws {
    let alice = authority.issueIntermediate(name: "Staff").issue(subject: "Alice", usage: .client)
    var pair = try EnginePair.connected(version) { client, server in
      client.identities = [try alice.identity]
      server.trustRoots = [authority.trust]
      server.clientAuthentication = demand
    }
    #expect(pair.server.peerCertificates.map(\.der) == alice.chainDER)
    #expect(pair.server.peerCertificates.first?.subject.description == "CN=Alice")
    #expect(try pair.transfer([1], from: .client) == [1])
    #expect(try pair.transfer([2], from: .server) == [2])
  }

  @Test(arguments: TLSVersion.both)
  func `a client presents no certificate without a request`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version) { client, _ in
      client.identities = [try authority.issue(subject: "Alice", usage: .client).identity]
    }
    #expect(pair.server.peerCertificates.isEmpty)
  }

  @Test(arguments: TLSVersion.both)
  func `a client without a certificate is served if the certificate is optional`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version) { _, server in
      server.trustRoots = [authority.trust]
      server.clientAuthentication = .requested
    }
    #expect(pair.server.peerCertificates.isEmpty)
    #expect(try pair.transfer([1], from: .client) == [1])
  }

  @Test(arguments: TLSVersion.both)
  func `a client without a certificate is refused if it is required`(version: TLSVersion) throws {
    let failures = try failures(version, .required, nil)
    #expect(failures.server?.code == .certificateRejected)
    #expect(failures.server?.blame == .peer)
    #expect(failures.server?.hint.contains("no certificate") == true)
    let alert = version == .tls13 ? TLSAlert.certificateRequired : .handshakeFailure
    #expect(failures.server?.alertSent == alert)
    #expect(failures.client?.alertReceived == alert)
    #expect(failures.client?.code == .alertReceived)
  }

  struct Bad: CustomTestStringConvertible {
    let defect: TestIdentity.Defect
    let code: Int
    let alert: TLSAlert
    var testDescription: String { "\(defect)" }
  }

  static let bad = [
    Bad(defect: .unknownIssuer, code: 20, alert: .unknownCA),
    Bad(defect: .selfSigned, code: 18, alert: .unknownCA),
    Bad(defect: .expired, code: 10, alert: .certificateExpired),
    Bad(defect: .notYetValid, code: 9, alert: .badCertificate),
    Bad(defect: .wrongUsage, code: 26, alert: .unsupportedCertificate),
    Bad(defect: .missingIntermediate, code: 20, alert: .unknownCA),
  ]

  @Test(arguments: TLSVersion.both, bad)
  func `a bad client certificate is refused whether it is optional or required`(version: TLSVersion, bad: Bad) throws {
    for demand in [Demand.requested, .required] {
      let client = authority.issue(subject: "Mallory", usage: .client, defect: bad.defect)
      let failures = try failures(version, demand, client)
      #expect(failures.server?.code == .certificateRejected)
      #expect(failures.server?.verification?.code == bad.code)
      #expect(failures.server?.verification?.subject == "CN=Mallory")
      #expect(failures.server?.alertSent == bad.alert)
      #expect(failures.client?.code == .alertReceived)
      #expect(failures.client?.alertReceived == bad.alert)
    }
  }

  @Test func `in TLS 1.3 a client learns of its refusal only after its own handshake`() throws {
    var pair = try EnginePair.connected(.tls13, handshake: false) { _, server in
      server.trustRoots = [authority.trust]
      server.clientAuthentication = .required
    }
    for _ in 0..<3 { pair.step() }
    #expect(pair.client.negotiated != nil)
    #expect(pair.client.failure == nil)
    #expect(pair.server.negotiated == nil)
    pair.step()
    let error = thrownError { _ = try pair.client.read(upTo: 1) }
    #expect(error?.alertReceived == .certificateRequired)
    #expect(error?.hint.contains("client certificate") == true)
  }

  @Test(arguments: TLSVersion.both)
  func `a chain of clients longer than the server's depth is refused`(version: TLSVersion) throws {
    let deep = authority.issueIntermediate(name: "Upper").issueIntermediate(name: "Lower")
      .issue(subject: "Alice", usage: .client)
    let refused = try failures(version, .required, deep) { server in server.verificationDepth = 1 }
    #expect(refused.server?.verification?.code == 22)
    let accepted = try failures(version, .required, deep) { server in server.verificationDepth = 2 }
    #expect(accepted.server == nil)
    #expect(accepted.client == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `a server checks its clients at the time given`(version: TLSVersion) throws {
    let alice = authority.issue(subject: "Alice", validity: .past, usage: .client)
    let then = try failures(version, .required, alice) { server in server.verificationTime = 1_577_836_800 - 1 }
    // The authority itself is valid from 2020 on.
    #expect(then.server?.verification?.code == 9)
    #expect(then.server?.verification?.depth == 1)
    let now = try failures(version, .required, alice) { server in server.verificationTime = 1_600_000_000 }
    #expect(now.server?.verification?.code == 10)
  }

  @Test(arguments: TLSVersion.both)
  func `a server that does not verify accepts any client certificate and reports it`(version: TLSVersion) throws {
    for demand in [Demand.requested, .required] {
      let pair = try EnginePair.connected(version) { client, server in
        client.identities = [try TestIdentity.client("Stranger", defect: .selfSigned).identity]
        server.clientAuthentication = demand
        server.peerVerification = .none
      }
      #expect(pair.server.peerCertificates.first?.subject.description == "CN=Stranger")
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a server that does not verify still requires a certificate if configured to`(version: TLSVersion) throws {
    let failures = try failures(version, .required, nil) { server in
      server.peerVerification = .none
      server.trustRoots = []
    }
    #expect(failures.server?.code == .certificateRejected)
  }

  // MARK: Names of authorities

  /// A TLS 1.2 handshake contains the names in plaintext.
  private func flight(change: (inout TLSContext.Configuration) throws -> Void) throws -> [UInt8] {
    var pair = try EnginePair.connected(.tls12, handshake: false) { _, server in
      server.clientAuthentication = .requested
      try change(&server)
    }
    _ = try pair.server.feed(pair.client.drain())
    return pair.server.drain()
  }

  @Test func `a server sends the names of its trusted authorities`() throws {
    let other = TestAuthority(name: "Second Client CA")
    let bytes = try flight { server in server.trustRoots = [.pem(authority.certificatePEM), .der(other.certificateDER)]
    }
    #expect(bytes.contains(text: "Client CA"))
    #expect(bytes.contains(text: "Second Client CA"))
  }

  @Test func `the names sent may differ from the trusted ones, or be absent`() throws {
    let named = try flight { server in
      server.trustRoots = [authority.trust]
      server.clientAuthorities = [try TestAuthority(name: "Named Instead").certificate]
    }
    #expect(named.contains(text: "Named Instead"))
    #expect(!named.contains(text: "Client CA"))
    let none = try flight { server in
      server.trustRoots = [authority.trust]
      server.clientAuthorities = []
    }
    #expect(!none.contains(text: "Client CA"))
  }

  /// Authorities with long names, so that few result in a long list; the last one's has the requested length.
  private func authorities(_ size: Int) throws -> [TLSCertificate] {
    // A common name of 256 to 1,277 characters needs 23 more bytes in the list: tags, lengths, its own length.
    let count = (size - 400) / 1_023
    var lengths = [Int](repeating: 1_000, count: count)
    lengths.append(size - count * 1_023 - 23)
    return try lengths.map { try TestAuthority(name: String(repeating: "n", count: $0)).certificate }
  }

  @Test(arguments: [(TLSVersion.tls12, 65_535), (.tls13, 65_023)])
  func `as many CA names as a request can hold are sent, and more are refused`(
    version: TLSVersion, limit: Int
  ) throws {
    let fitting = try authorities(limit)
    let alice = authority.issue(subject: "Alice", usage: .client)
    let pair = try EnginePair.connected(version) { client, server in
      client.identities = [try alice.identity]
      server.trustRoots = [authority.trust]
      server.clientAuthentication = .requested
      server.clientAuthorities = fitting
    }
    #expect(pair.client.negotiated != nil)
    var server = TLSContext.Configuration.server(try TestIdentity.server().identity)
    server.minimumVersion = version
    server.maximumVersion = version
    server.clientAuthentication = .requested
    server.trustRoots = [authority.trust]
    server.clientAuthorities = try authorities(limit + 1)
    expectRefusal(.invalidConfiguration, .misuse, naming: "\(limit + 1) bytes", "clientAuthorities") {
      _ = try TLSContext(server)
    }
    // Those of the trust are named where no others are.
    server.clientAuthorities = nil
    server.trustRoots = [.certificates(try authorities(limit + 1))]
    expectRefusal(.invalidConfiguration, .misuse, naming: "\(limit + 1) bytes", "clientAuthorities") {
      _ = try TLSContext(server)
    }
    server.clientAuthorities = []
    #expect(throws: Never.self) { try TLSContext(server) }
  }

  @Test func `a server that does not verify names the authorities that it is given`() throws {
    let bytes = try flight { server in
      server.peerVerification = .none
      server.clientAuthorities = [try authority.certificate]
    }
    #expect(bytes.contains(text: "Client CA"))
  }
}
