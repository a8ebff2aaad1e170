import Glibc
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Early data through two relays.
@Suite struct RelayEarlyDataTests {
  /// The contexts of a client and of a server that accepts early data, and a session of theirs.
  private struct Ends {
    let client: TLSContext
    let server: TLSContext
    let session: TLSSession

    init() throws {
      var configuration = TLSContext.Configuration.server(try RelayFixture.identity.identity)
      configuration.maximumEarlyDataByteCount = 110_000
      configuration.pausesAtClientHello = true
      client = try RelayFixture.clientContext(.tls13)
      server = try TLSContext(configuration)
      var pair = try EnginePair(client: client, server: server, serverName: .dns(RelayFixture.name))
      while pair.step() { while pair.server.question != nil { try pair.server.answerAsConfigured() } }
      while pair.server.question != nil { try pair.server.answerAsConfigured() }
      try pair.handshake()
      while pair.step() {}
      _ = try pair.client.read(upTo: 1)
      var session: TLSSession?
      while let event = pair.client.nextEvent() { if case .sessionTicket(let ticket) = event { session = ticket } }
      self.session = try #require(session)
    }

    func startServer(
      on wire: (Int32, Int32), _ program: RelayFixture.Program, accepts: Bool = true
    ) -> BackgroundThread<(early: TLSVersion?, report: RelayReport)> {
      BackgroundThread {
        // A failure here is one of the test's own setup.
        var relay = Relay(
          try! TLSEngine(.server, context: server, limits: RelayFixture.largeBuffers),
          ciphertext: try! NonblockingDescriptorPair(reading: wire.0, writing: wire.1),
          answering: { (engine) throws(TLSError) in try engine.answer(.serve.acceptingEarlyData(accepts)) })
        let early = relay.receiveEarlyData() ? relay.engine.earlyParameters?.version : nil
        relay.attach(
          plaintext: try! NonblockingDescriptorPair(reading: program.input.reading, writing: program.output.writing))
        return (early, relay.run())
      }
    }

    func startClient(
      on wire: (Int32, Int32), _ program: RelayFixture.Program, first: [UInt8], session: TLSSession?
    ) -> BackgroundThread<(obstacle: TLSEarlyDataObstacle?, report: RelayReport)> {
      BackgroundThread {
        var relay = Relay(
          try! TLSEngine(
            .client(serverName: .dns(RelayFixture.name)), context: client, limits: RelayFixture.largeBuffers,
            session: session, sendsEarlyData: true),
          ciphertext: try! NonblockingDescriptorPair(reading: wire.0, writing: wire.1))
        relay.attach(
          plaintext: try! NonblockingDescriptorPair(reading: program.input.reading, writing: program.output.writing))
        let obstacle = relay.sendFirst(first)
        return (obstacle, relay.run())
      }
    }
  }

  @Test(arguments: RelayFixture.Wire.allCases, [1, 100_000])
  func `early data is delivered before all else, and counts as sent`(_ kind: RelayFixture.Wire, count: Int) throws {
    let ends = try Ends()
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(kind)
    let (first, rest, answer) = (noise(count, seed: 1), noise(500_000, seed: 2), noise(300_000, seed: 3))
    let server = ends.startServer(on: wire.server, fixture.server)
    let client = ends.startClient(on: wire.client, fixture.client, first: first, session: ends.session)
    let threads = [
      BackgroundThread { Channel.send(rest, to: fixture.client.sending) },
      BackgroundThread { Channel.send(answer, to: fixture.server.sending) },
    ]
    let received = BackgroundThread { Channel.receive(from: fixture.server.receiving) }
    #expect(Channel.receive(from: fixture.client.receiving) == answer)
    #expect(received.value() == first + rest)
    for thread in threads { thread.value() }
    let (sender, receiver) = (client.value(), server.value())
    #expect(sender.obstacle == nil)
    #expect(receiver.early == .tls13)
    #expect(sender.report.outcome.summary == "clean")
    #expect(receiver.report.outcome.summary == "clean")
    #expect(sender.report.earlyData == .accepted(byteCount: count))
    #expect(receiver.report.earlyData == .accepted(byteCount: count))
    #expect(sender.report.plaintextSent == count + rest.count)
    #expect(receiver.report.plaintextReceived == count + rest.count)
    #expect(receiver.report.plaintextSent == answer.count)
  }

  @Test func `what is rejected is sent again, before all else`() throws {
    let ends = try Ends()
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let server = ends.startServer(on: wire.server, fixture.server, accepts: false)
    let client = ends.startClient(on: wire.client, fixture.client, first: noise(10_000), session: ends.session)
    Channel.send([1, 2, 3], to: fixture.client.sending)
    close(fixture.server.sending)
    #expect(Channel.receive(from: fixture.server.receiving) == noise(10_000) + [1, 2, 3])
    let (sender, receiver) = (client.value(), server.value())
    #expect(sender.obstacle == nil)
    #expect(receiver.early == nil)
    #expect(sender.report.earlyData == .rejected(byteCount: 10_000))
    #expect(sender.report.plaintextSent == 10_003)
    #expect(sender.report.outcome.summary == "clean")
    #expect(receiver.report.outcome.summary == "clean")
  }

  @Test(arguments: [(true, 110_001, TLSEarlyDataObstacle.limitReached), (false, 5, .noSession)])
  func `what cannot be sent early is sent after the handshake, as a whole`(
    hasSession: Bool, count: Int, expected: TLSEarlyDataObstacle
  ) throws {
    let ends = try Ends()
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let server = ends.startServer(on: wire.server, fixture.server)
    let client = ends.startClient(
      on: wire.client, fixture.client, first: noise(count), session: hasSession ? ends.session : nil)
    Channel.send([1, 2, 3], to: fixture.client.sending)
    close(fixture.server.sending)
    #expect(Channel.receive(from: fixture.server.receiving) == noise(count) + [1, 2, 3])
    let (sender, receiver) = (client.value(), server.value())
    #expect(sender.obstacle == expected)
    #expect(receiver.early == nil)
    #expect(sender.report.outcome.summary == "clean")
    #expect(sender.report.plaintextSent == count + 3)
  }

  /// Law 18. The client ends before the server has decided.
  @Test func `early data that no server has accepted is not sent`() throws {
    let ends = try Ends()
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    close(wire.server.1)
    let client = ends.startClient(on: wire.client, fixture.client, first: noise(1_000), session: ends.session)
    close(fixture.client.sending)
    let report = client.value().report
    #expect(report.outcome.summary.hasPrefix("truncated"))
    #expect(report.plaintextUnsent == 1_000)
    #expect(report.plaintextSent == 0)
    close(wire.server.0)
  }

  /// An answer before the client's Finished, which is the reason for early data.
  @Test func `a program answers early data before the handshake is done`() throws {
    let ends = try Ends()
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    var client = try TLSEngine(
      .client(serverName: .dns(RelayFixture.name)), context: ends.client, session: ends.session, sendsEarlyData: true)
    #expect(try client.writeEarly(Array("question".utf8)) == .done(8))
    Channel.sendAll(client.drain()[...], to: wire.client.1)
    let server = ends.startServer(on: wire.server, fixture.server)
    #expect(Channel.receive(from: fixture.server.receiving, limit: 8) == Array("question".utf8))
    // The client says nothing until it has the whole answer.
    Channel.send(Array("answer".utf8), to: fixture.server.sending)
    var chunk = [UInt8](repeating: 0, count: 4_096)
    var answer: [UInt8] = []
    while answer.count < 6 {
      // Sound: the array lives through the call and has the stated length.
      let count = unsafe read(wire.client.0, &chunk, chunk.count)
      try #require(count > 0)
      _ = try client.feed(chunk[..<count])
      if case .done(let bytes) = try client.read(upTo: 100) { answer += bytes }
    }
    #expect(answer == Array("answer".utf8))
    _ = try client.closeWriting()
    Channel.sendAll(client.drain()[...], to: wire.client.1)
    close(wire.client.1)
    let report = server.value().report
    #expect(report.outcome.summary == "clean")
    #expect(report.plaintextSent == 6)
    close(wire.client.0)
  }

  /// Law 18. What waits is delivered although the handshake fails.
  @Test func `early data is delivered before the failure of the handshake`() throws {
    let ends = try Ends()
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    var client = try TLSEngine(
      .client(serverName: .dns(RelayFixture.name)), context: ends.client, session: ends.session, sendsEarlyData: true)
    #expect(try client.writeEarly(noise(90_000)) == .done(90_000))
    var flight = client.drain()
    flight[flight.count - 1] ^= 1
    let sender = BackgroundThread { [flight] in Channel.send(flight, to: wire.client.1) }
    let server = ends.startServer(on: wire.server, fixture.server)
    close(fixture.server.sending)
    let received = Channel.receive(from: fixture.server.receiving)
    // The records before the damaged one.
    #expect(received == Array(noise(90_000).prefix(5 * 16_367)))
    sender.value()
    #expect(server.value().report.outcome.summary.hasPrefix("TLS"))
    close(wire.client.0)
  }
}
