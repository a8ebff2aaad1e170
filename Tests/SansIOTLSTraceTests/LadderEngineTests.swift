import SansIOTLS
import SansIOTLSTestKit
import Testing

@testable import SansIOTLSTrace

/// Ladders of real conversations.
struct LadderEngineTests {
  /// The names of the arrows, without sizes, which vary with each signature; `>` is sent by the client.
  private func names(_ ladder: Ladder) -> [String] {
    ladder.rows.compactMap { row in
      guard case .arrow(let arrow) = row else { return nil }
      let oddity = (arrow.isForeign ? " foreign" : "") + (arrow.ending == .arrives ? "" : " \(arrow.ending)")
      return (arrow.sender == .client ? "> " : "< ") + arrow.name + oddity
    }
  }

  @Test func `a full TLS 1_3 connection`() throws {
    var pair = try EnginePair(version: .tls13)
    try pair.handshake()
    _ = try pair.transfer(Array("ping".utf8), from: .client)
    _ = try pair.transfer(Array("pong".utf8), from: .server)
    try pair.shutdown()
    #expect(
      names(pair.log.ladder) == [
        "> ClientHello", "< ServerHello", "< ChangeCipherSpec", "< {EncryptedExtensions}", "< {Certificate}",
        "< {CertificateVerify}", "< {Finished}", "> ChangeCipherSpec", "> {Finished}", "< {NewSessionTicket}",
        "> {application_data}", "< {application_data}", "> {alert close_notify}", "< {alert close_notify}",
      ])
    let text = pair.log.ladder.text()
    #expect(text.contains("= TLSv1.3 · TLS_AES_256_GCM_SHA384 · "))
    #expect(text.contains("· SNI localhost ="))
    #expect(text.contains("needs nothing"))
  }

  @Test func `a full TLS 1_2 connection`() throws {
    var pair = try EnginePair(version: .tls12)
    try pair.handshake()
    try pair.shutdown()
    #expect(
      names(pair.log.ladder) == [
        "> ClientHello", "< ServerHello", "< Certificate", "< ServerKeyExchange", "< ServerHelloDone",
        "> ClientKeyExchange", "> ChangeCipherSpec", "> {Finished}", "< NewSessionTicket", "< ChangeCipherSpec",
        "< {Finished}", "> {alert close_notify}", "< {alert close_notify}",
      ])
    #expect(pair.log.ladder.text().contains("= TLSv1.2 · TLS_ECDHE_"))
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a resumed connection sends no certificate and is marked`(version: TLSVersion) throws {
    let configurations = try EnginePair.configurations(version: version)
    let (client, server) = (try TLSContext(configurations.client), try TLSContext(configurations.server))
    var first = try EnginePair(client: client, server: server)
    try first.handshake()
    _ = try first.transfer([1], from: .server)
    var session: TLSSession?
    while let event = first.client.nextEvent() { if case .sessionTicket(let ticket) = event { session = ticket } }
    let ticket = try #require(session)
    #expect(!first.log.ladder.text().contains("resumed"))
    var second = try EnginePair(client: client, server: server, session: ticket)
    try second.handshake()
    #expect(second.log.ladder.text().contains("resumed"))
    #expect(!names(second.log.ladder).contains { $0.contains("Certificate") })
  }

  @Test func `tickets that are issued later are drawn where they pass`() throws {
    var pair = try EnginePair(version: .tls13) { _, server in server.resumption = .tickets(timing: .withFirstWrite) }
    try pair.handshake()
    #expect(!names(pair.log.ladder).contains("< {NewSessionTicket}"))
    _ = try pair.transfer([1], from: .server)
    _ = try pair.server.issueSessionTickets()
    _ = try pair.receive(at: .client)
    #expect(
      names(pair.log.ladder).suffix(3) == ["< {NewSessionTicket}", "< {application_data}", "< {NewSessionTicket}"])
    // A resumption in one line.
    var second = try pair.resumed()
    try second.handshake()
    #expect(second.log.ladder.text().contains("resumed"))
    #expect(second.client.negotiated?.isResumed == true)
  }

  @Test func `a HelloRetryRequest is distinguished from a ServerHello`() throws {
    var pair = try EnginePair(version: .tls13) { client, server in
      client.groups = [.x25519, .secp256r1]
      server.groups = [.secp256r1]
    }
    try pair.handshake()
    #expect(
      names(pair.log.ladder).prefix(6) == [
        "> ClientHello", "< HelloRetryRequest", "< ChangeCipherSpec", "> ChangeCipherSpec", "> ClientHello",
        "< ServerHello",
      ])
    #expect(pair.log.ladder.text().contains("· secp256r1 ·"))
  }

  @Test func `a client without certificate fails at the server and receives its alert`() throws {
    var pair = try EnginePair(version: .tls13) { client, server in
      server.trustRoots = client.trustRoots
      server.clientAuthentication = .required
    }
    #expect(throws: TLSError.self) { try pair.handshake() }
    _ = try? pair.receive(at: .client)
    #expect(
      names(pair.log.ladder).suffix(4) == [
        "> ChangeCipherSpec", "> {Certificate}", "> {Finished} lost", "< {fatal alert certificate_required}",
      ])
    let text = pair.log.ladder.text()
    #expect(text.contains("= client · TLSv1.3 · "))
    #expect(text.contains("! server failed: certificateRejected"))
    #expect(text.contains("alert sent: certificate_required"))
    #expect(text.contains("! client failed: alertReceived"))
  }

  @Test func `a byte that changed in transit shows where the reader stopped`() throws {
    var pair = try EnginePair(version: .tls13)
    try pair.feed(pair.drain(from: .client), to: .server)
    var flight = pair.drain(from: .server)
    // In the last record, which is Finished.
    flight[flight.count - 10] ^= 1
    #expect(throws: TLSError.self) { try pair.feed(flight, to: .client) }
    #expect(
      names(pair.log.ladder).suffix(3) == [
        "< {CertificateVerify}", "< {Finished} lost", "> fatal alert bad_record_mac underway",
      ])
    #expect(pair.log.ladder.text().contains("read as application_data, 74 bytes"))
  }

  @Test func `a transport that ends without close_notify fails the reader`() throws {
    var pair = try EnginePair(version: .tls13)
    try pair.handshake()
    _ = try pair.transfer(Array("ping".utf8), from: .client)
    pair.cut(from: .client)
    #expect(throws: TLSError.self) { while try !pair.receive(at: .server).isEmpty {} }
    let text = pair.log.ladder.text()
    #expect(text.contains("~ link ends after"))
    #expect(text.contains("! server failed: truncated"))
  }

  @Test func `the ladder of a link that delivers in pieces has the same arrows`() throws {
    var direct = try EnginePair(version: .tls13)
    var pieces = try EnginePair(version: .tls13, link: .pieces(of: 1))
    try direct.handshake()
    try pieces.handshake(limit: 10_000)
    #expect(try direct.transfer(Array(repeating: 7, count: 1_000), from: .client).count == 1_000)
    #expect(try pieces.transfer(Array(repeating: 7, count: 1_000), from: .client).count == 1_000)
    try direct.shutdown()
    try pieces.shutdown()
    #expect(names(direct.log.ladder).sorted() == names(pieces.log.ladder).sorted())
  }

  @Test(arguments: [TLSRole.client, .server])
  func `one side alone sees the whole conversation`(side: TLSRole) throws {
    let ladder = try converse(noting: [side], tapping: [.client, .server])
    #expect(try names(ladder).sorted() == names(converse(noting: [.client, .server])).sorted())
    #expect(!ladder.text().contains("not read"))
  }

  @Test(arguments: [TLSRole.client, .server])
  func `an engine that does not trace leaves the reports of the other unchanged`(side: TLSRole) throws {
    let ladder = try converse(noting: [.client, .server], tapping: [side])
    #expect(try names(ladder).sorted() == names(converse(noting: [.client, .server])).sorted())
    #expect(ladder.text().contains("needs nothing"))
  }

  /// A whole TLS 1.3 connection between engines that are called by hand.
  private func converse(
    noting sides: [TLSRole], tapping tapped: [TLSRole] = [.client, .server]
  ) throws -> Ladder {
    var configurations = try EnginePair.configurations(version: .tls13)
    configurations.client.tracesMessages = tapped.contains(.client)
    configurations.server.tracesMessages = tapped.contains(.server)
    var client = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(configurations.client))
    var server = try TLSEngine(.server, context: TLSContext(configurations.server))
    var ladder = Ladder()
    for round in 0..<6 {
      if sides.contains(.client) { ladder.note(.client, &client) }
      _ = try server.feed(client.drain())
      if server.negotiated != nil { _ = try server.read(upTo: 100) }
      if round == 4 { _ = try server.closeWriting() }
      if sides.contains(.server) { ladder.note(.server, &server) }
      _ = try client.feed(server.drain())
      if client.negotiated != nil { _ = try client.read(upTo: 100) }
      if round == 2 { _ = try client.write(Array("ping".utf8)) }
      if round == 3 { _ = try client.closeWriting() }
    }
    if sides.contains(.client) { ladder.note(.client, &client) }
    return ladder
  }
}
