import Glibc
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

@Suite struct RelayTests {
  static let versions = [TLSVersion.tls12, .tls13]

  @Test(arguments: versions, RelayFixture.Wire.allCases)
  func `moves everything in both directions at once and closes cleanly`(
    _ version: TLSVersion, _ kind: RelayFixture.Wire
  ) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(kind)
    // One that receives in place, and one that does not.
    let client = try fixture.startClient(on: wire.client, version: version)
    let server = try fixture.startServer(on: wire.server, limits: RelayFixture.largeBuffers)
    let (upload, download) = (noise(3_000_001, seed: 1), noise(2_000_003, seed: 2))
    let threads = [
      BackgroundThread { Channel.send(upload, to: fixture.client.sending) },
      BackgroundThread { Channel.send(download, to: fixture.server.sending) },
    ]
    let received = BackgroundThread { Channel.receive(from: fixture.server.receiving) }
    #expect(Channel.receive(from: fixture.client.receiving) == download)
    #expect(received.value() == upload)
    for thread in threads { thread.value() }
    let (clientReport, serverReport) = (client.value(), server.value())
    for report in [clientReport, serverReport] {
      #expect(report.outcome.summary == "clean")
      #expect(report.localEnding == .closeNotify)
      #expect(report.remoteEnding == .closeNotify)
      #expect(report.negotiated?.version == version)
      #expect(report.plaintextDropped == 0)
    }
    #expect(clientReport.plaintextSent == upload.count)
    #expect(clientReport.plaintextReceived == download.count)
    #expect(serverReport.plaintextReceived == upload.count)
    #expect(clientReport.ciphertextSent == serverReport.ciphertextReceived)
    #expect(serverReport.ciphertextSent == clientReport.ciphertextReceived)
  }

  @Test(arguments: versions, [true, false])
  func `after one side has closed the other still sends`(_ version: TLSVersion, _ clientClosesFirst: Bool) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client, version: version)
    let server = try fixture.startServer(on: wire.server)
    let (first, second) =
      clientClosesFirst ? (fixture.client, fixture.server) : (fixture.server, fixture.client)
    Channel.send([1, 2, 3], to: first.sending)
    // The end of file here is the close_notify there: only then does the second side begin.
    #expect(Channel.receive(from: second.receiving) == [1, 2, 3])
    let answer = noise(500_000)
    let sender = BackgroundThread { Channel.send(answer, to: second.sending) }
    #expect(Channel.receive(from: first.receiving) == answer)
    sender.value()
    #expect(client.value().outcome.summary == "clean")
    #expect(server.value().outcome.summary == "clean")
  }

  @Test(arguments: versions)
  func `a transport that ends early is a truncation after everything before it is delivered`(_ version: TLSVersion)
    throws
  {
    let fixture = RelayFixture()
    let (clientWire, serverWire) = (RelayFixture.wire(.pipes), RelayFixture.wire(.pipes))
    let client = try fixture.startClient(on: clientWire.client, version: version)
    let server = try fixture.startServer(on: serverWire.server)
    let upward = BackgroundThread {
      Channel.copy(from: clientWire.server.0, to: serverWire.client.1, limit: .max)
    }
    let cut = 400_000
    let downward = BackgroundThread {
      Channel.copy(from: serverWire.client.0, to: clientWire.server.1, limit: cut)
    }
    let download = noise(2_000_000)
    let sender = BackgroundThread { Channel.send(download, to: fixture.server.sending) }
    let received = Channel.receive(from: fixture.client.receiving)
    close(fixture.client.sending)
    let report = client.value()
    #expect(report.outcome.summary == "truncated truncated")
    #expect(report.remoteEnding == .endOfTransport)
    #expect(report.plaintextReceived == received.count)
    #expect(received == Array(download[..<received.count]))
    // All whole records before the end: the difference is handshake, record overhead and less than one record.
    #expect(received.count > cut - 16_384 - 8192)
    for thread in [upward, downward, sender] { thread.value() }
    // The client's alert is sent in the other direction, which did not end.
    let serverReport = server.value()
    #expect(serverReport.outcome.summary == "TLS alertReceived")
    #expect(report.localEnding == serverReport.remoteEnding)
    close(fixture.server.receiving)
  }

  @Test(arguments: versions)
  func `when the output fails, what the peer sent is still delivered`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let (clientWire, serverWire) = (RelayFixture.wire(.pipes), RelayFixture.wire(.pipes))
    let client = try fixture.startClient(on: clientWire.client, version: version)
    let server = try fixture.startServer(on: serverWire.server)
    let download = noise(700_000)
    let downward = BackgroundThread {
      Channel.copy(from: serverWire.client.0, to: clientWire.server.1, limit: .max)
    }
    // Enough for the handshake, and so much less than the upload that the pipe after it has no room for the rest.
    let upward = BackgroundThread {
      Channel.copy(from: clientWire.server.0, to: serverWire.client.1, limit: 100_000, closes: false)
    }
    Channel.send(noise(230_000), to: fixture.client.sending)
    upward.value()
    close(clientWire.server.0)
    // The client can write no more. The server starts only here, and ends by its close_notify.
    let sender = BackgroundThread { Channel.send(download, to: fixture.server.sending) }
    #expect(Channel.receive(from: fixture.client.receiving) == download)
    let report = client.value()
    #expect(report.outcome.summary == "ciphertext write: Broken pipe (errno 32)")
    #expect(report.remoteEnding == .closeNotify)
    close(serverWire.client.1)
    _ = Channel.receive(from: fixture.server.receiving)
    for thread in [sender, downward] { thread.value() }
    #expect(server.value().outcome.summary == "truncated truncated")
  }

  @Test(arguments: versions)
  func `a peer that closes and leaves ends the relay although the program has not ended`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client, version: version)
    let data = noise(200_000)
    let peer = BackgroundThread { RelayFixture.sendAndLeave(data, on: wire.server) }
    #expect(Channel.receive(from: fixture.client.receiving) == data)
    peer.value()
    // The program's input stays open: only the pipe shows that its reader is gone.
    let report = client.value()
    #expect(report.outcome.summary == "clean")
    #expect(report.remoteEnding == .closeNotify)
    #expect(report.localEnding == .failed(TransportError(.write, number: EPIPE)))
    close(fixture.client.sending)
  }

  @Test(arguments: [TLSEngine.Limits.default, RelayFixture.largeBuffers])
  func `the end of a peer that has left counts only after everything before it is delivered`(
    _ limits: TLSEngine.Limits
  ) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client, limits: limits)
    // More than the pipe to the program holds, and less than pipe and relay together.
    let data = noise(100_000)
    BackgroundThread { RelayFixture.sendAndLeave(data, on: wire.server) }.value()
    var sending = pollfd(fd: fixture.client.sending, events: 0, revents: 0)
    // Sound: one structure, which lives through the call. On a slow machine the time may be too short to detect a relay
    // that ends early, and never too short for one that does not.
    #expect(unsafe poll(&sending, 1, 250) == 0)
    #expect(Channel.receive(from: fixture.client.receiving) == data)
    #expect(client.value().outcome.summary == "clean")
    close(fixture.client.sending)
  }

  @Test(arguments: versions)
  func `data that a leaving peer did not read is lost and reported`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client, version: version)
    // More than the pipe to the peer holds, so that some of it waits when the peer leaves.
    let peer = BackgroundThread {
      RelayFixture.sendAndLeave([1, 2, 3], on: wire.server) {
        Channel.send(noise(180_000), to: fixture.client.sending)
      }
    }
    #expect(Channel.receive(from: fixture.client.receiving) == [1, 2, 3])
    peer.value()
    #expect(client.value().outcome.summary == "ciphertext write: Broken pipe (errno 32)")
  }

  @Test func `a program that stops reading is reported, and what it writes is still sent`() throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client)
    let server = try fixture.startServer(on: wire.server)
    close(fixture.client.receiving)
    let download = BackgroundThread { Channel.send(noise(1_000_000), to: fixture.server.sending) }
    download.value()
    let upload = noise(300_000)
    let sender = BackgroundThread { Channel.send(upload, to: fixture.client.sending) }
    #expect(Channel.receive(from: fixture.server.receiving) == upload)
    sender.value()
    let report = client.value()
    #expect(report.outcome.summary == "plaintext write: Broken pipe (errno 32)")
    #expect(report.plaintextDropped > 0)
    #expect(report.localEnding == .closeNotify)
    _ = server.value()
  }

  @Test(arguments: versions)
  func `a reader that does not read stops the writer`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client, version: version)
    let server = try fixture.startServer(on: wire.server)
    _ = fcntl(fixture.client.sending, F_SETFL, O_NONBLOCK)
    let data = noise(8_000_000)
    var accepted = 0
    var room = pollfd(fd: fixture.client.sending, events: Int16(POLLOUT), revents: 0)
    // Sound: one structure is polled; the array's rest has the length that is given. A quarter of a second without room
    // counts as "stopped": on a slow machine that may be early, and the bound below holds all the more.
    while unsafe poll(&room, 1, 250) == 1, accepted < data.count {
      let count = unsafe data.withUnsafeBytes {
        unsafe write(fixture.client.sending, $0.baseAddress! + accepted, $0.count - accepted)
      }
      if count > 0 { accepted += count }
    }
    // Four pipes' and six buffers' worth, not the eight megabytes on offer.
    #expect(accepted < 1_000_000)
    _ = fcntl(fixture.client.sending, F_SETFL, 0)
    let rest = Array(data[accepted...])
    let sender = BackgroundThread { Channel.send(rest, to: fixture.client.sending) }
    #expect(Channel.receive(from: fixture.server.receiving) == data)
    sender.value()
    close(fixture.server.sending)
    #expect(client.value().outcome.summary == "clean")
    #expect(server.value().outcome.summary == "clean")
    close(fixture.client.receiving)
  }

  @Test(arguments: versions)
  func `a rejected certificate is reported to the peer`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(
      on: wire.client, version: version, trusting: TestAuthority(name: "Another CA").trust)
    let server = try fixture.startServer(on: wire.server)
    let clientReport = client.value()
    #expect(clientReport.outcome.summary == "TLS certificateRejected")
    #expect(clientReport.localEnding == .alert(.unknownCA))
    #expect(clientReport.negotiated == nil)
    let serverReport = server.value()
    #expect(serverReport.outcome.summary == "TLS alertReceived")
    #expect(serverReport.remoteEnding == .alert(.unknownCA))
    for program in [fixture.client, fixture.server] {
      close(program.sending)
      #expect(Channel.receive(from: program.receiving) == [])
    }
  }

  @Test func `the end of the transport during the handshake is a truncation`() throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client)
    close(wire.server.1)
    let report = client.value()
    #expect(report.outcome.summary == "truncated truncated")
    #expect(report.flights.map(\.direction) == [.sent])
    for end in [wire.server.0, fixture.client.sending, fixture.client.receiving] { close(end) }
  }

  @Test(arguments: versions)
  func `both sides count the same flights`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client, version: version)
    let server = try fixture.startServer(on: wire.server)
    for program in [fixture.client, fixture.server] { close(program.sending) }
    let (clientFlights, serverFlights) = (client.value().flights, server.value().flights)
    // A TLS 1.3 client completes before the server's tickets arrive: they are a flight of the server alone.
    #expect(clientFlights.count == (version == .tls13 ? 3 : 4))
    #expect(serverFlights.count == 4)
    for (seenByClient, seenByServer) in zip(clientFlights, serverFlights) {
      #expect(seenByClient.byteCount == seenByServer.byteCount)
      #expect(seenByClient.direction != seenByServer.direction)
    }
    for program in [fixture.client, fixture.server] { close(program.receiving) }
  }

  @Test func `the handshake alone reads no plaintext and loses none`() throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client)
    Channel.send([1, 2, 3, 4], to: fixture.client.sending)
    var relay = Relay(
      try TLSEngine(.server, context: RelayFixture.serverContext()),
      ciphertext: try NonblockingDescriptorPair(reading: wire.server.0, writing: wire.server.1))
    let isDone = relay.handshake()
    let midway = relay.report
    #expect(isDone)
    #expect(midway.negotiated?.version == .tls13)
    #expect(midway.plaintextReceived == 0)
    relay.attach(
      plaintext: try NonblockingDescriptorPair(
        reading: fixture.server.input.reading, writing: fixture.server.output.writing))
    close(fixture.server.sending)
    var turns = 0
    let report = relay.run { _ in turns += 1 }
    #expect(report.outcome.summary == "clean")
    #expect(turns > 0)
    #expect(Channel.receive(from: fixture.server.receiving) == [1, 2, 3, 4])
    #expect(Channel.receive(from: fixture.client.receiving) == [])
    #expect(client.value().outcome.summary == "clean")
  }

  @Test func `signals do not disturb a transfer`() throws {
    var action = sigaction()
    // Sound: the structures live through the calls; the handler does nothing. No SA_RESTART: calls end with EINTR.
    unsafe action.__sigaction_handler.sa_handler = { _ in }
    unsafe sigaction(SIGUSR2, &action, nil)
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.socket)
    let client = try fixture.startClient(on: wire.client)
    let server = try fixture.startServer(on: wire.server)
    let upload = noise(2_000_000)
    let sender = BackgroundThread { Channel.send(upload, to: fixture.client.sending) }
    // The relays cannot end before the last line below, so their threads are there to be signalled.
    let storm = BackgroundThread {
      for _ in 0..<20_000 {
        pthread_kill(client.identifier, SIGUSR2)
        pthread_kill(server.identifier, SIGUSR2)
      }
    }
    #expect(Channel.receive(from: fixture.server.receiving) == upload)
    sender.value()
    storm.value()
    close(fixture.server.sending)
    #expect(client.value().outcome.summary == "clean")
    #expect(server.value().outcome.summary == "clean")
    close(fixture.client.receiving)
  }

  @Test(arguments: versions, RelayFixture.Wire.allCases)
  func `a handshake that is not complete by its deadline is abandoned`(
    _ version: TLSVersion, _ kind: RelayFixture.Wire
  ) throws {
    let wire = RelayFixture.wire(kind)
    var relay = Relay(
      try TLSEngine(
        .client(serverName: .dns(RelayFixture.name)), context: RelayFixture.clientContext(version)),
      ciphertext: try NonblockingDescriptorPair(reading: wire.client.0, writing: wire.client.1))
    let isDone = relay.handshake(until: .now)
    #expect(!isDone)
    let report = relay.run()
    #expect(report.outcome.summary == "ciphertext poll: Connection timed out (errno 110)")
    #expect(report.negotiated == nil)
    // The peer reads the ClientHello and then the end.
    #expect(Channel.receive(from: wire.server.0).count == report.ciphertextSent)
    if wire.server.0 != wire.server.1 { close(wire.server.1) }
  }

  @Test func `a distant deadline does not disturb a handshake`() throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let server = try fixture.startServer(on: wire.server)
    var relay = Relay(
      try TLSEngine(
        .client(serverName: .dns(RelayFixture.name)), context: RelayFixture.clientContext(.tls13)),
      ciphertext: try NonblockingDescriptorPair(reading: wire.client.0, writing: wire.client.1))
    // More milliseconds than poll(2) counts.
    let isDone = relay.handshake(until: .now + .seconds(100_000_000))
    #expect(isDone)
    relay.attach(
      plaintext: try NonblockingDescriptorPair(
        reading: fixture.client.input.reading, writing: fixture.client.output.writing))
    for program in [fixture.client, fixture.server] { close(program.sending) }
    let report = relay.run()
    #expect(report.outcome.summary == "clean")
    #expect(server.value().outcome.summary == "clean")
  }
}
