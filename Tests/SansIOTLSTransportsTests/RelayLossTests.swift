import Glibc
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Synchronization
import Testing

/// Data that a relay could not send is counted, and never reported as a clean end.
@Suite struct RelayLossTests {
  /// Waits until there is something to read.
  private static func awaitBytes(_ descriptor: Int32) {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    // Sound: one entry, which lives through the call.
    while unsafe poll(&entry, 1, -1) != 1 {}
  }

  @Test(arguments: RelayTests.versions)
  func `data that a leaving peer left in the pipe is lost`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client, version: version)
    let peer = BackgroundThread {
      RelayFixture.sendAndLeave([1, 2, 3], on: wire.server) {
        // All of it is in the pipe: nothing waits in the relay, and the program writes no more.
        Channel.sendAll(noise(10_000)[...], to: fixture.client.sending)
        Self.awaitBytes(wire.server.0)
      }
    }
    #expect(Channel.receive(from: fixture.client.receiving) == [1, 2, 3])
    peer.value()
    let report = client.value()
    #expect(report.outcome.summary == "ciphertext write: Broken pipe (errno 32)")
    #expect(report.remoteEnding == .closeNotify)
    #expect(report.ciphertextUnread > 0)
    close(fixture.client.sending)
  }

  @Test(arguments: RelayTests.versions)
  func `data that was not sent is counted as unsent`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client, version: version)
    let data = noise(180_000)
    let peer = BackgroundThread {
      // More than the pipe to the peer holds, so that some of it waits when the peer leaves.
      RelayFixture.sendAndLeave([1], on: wire.server) { Channel.send(data, to: fixture.client.sending) }
    }
    #expect(Channel.receive(from: fixture.client.receiving) == [1])
    peer.value()
    let report = client.value()
    #expect(report.plaintextUnsent > 0)
    #expect(report.plaintextSent + report.plaintextUnsent <= data.count)
    #expect(report.plaintextSent < report.ciphertextSent)
    #expect(report.plaintextSent <= 64 * 1024)
  }

  @Test(arguments: RelayTests.versions)
  func `a TCP peer that has closed and left does not read what follows`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let (near, far) = Channel.connection()
    let client = try fixture.startClient(on: (near, near), version: version)
    let peer = BackgroundThread { RelayFixture.sendAndLeave([1, 2, 3], on: (far, Channel.duplicate(far))) }
    #expect(Channel.receive(from: fixture.client.receiving) == [1, 2, 3])
    peer.value()
    // The kernel accepts it, with close_notify, and learns only from the response that the peer is gone.
    Channel.send(noise(1000), to: fixture.client.sending)
    let report = client.value()
    #expect(report.outcome.summary.hasPrefix("ciphertext "))
    #expect(report.ciphertextUnread + report.plaintextUnsent > 0)
  }

  @Test(arguments: RelayTests.versions)
  func `a TCP peer that has closed and still reads receives everything`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let (near, far) = Channel.connection()
    let client = try fixture.startClient(on: (near, near), version: version)
    let server = try fixture.startServer(on: (far, far))
    close(fixture.server.sending)
    #expect(Channel.receive(from: fixture.client.receiving) == [])
    let data = noise(300_000)
    let sender = BackgroundThread { Channel.send(data, to: fixture.client.sending) }
    #expect(Channel.receive(from: fixture.server.receiving) == data)
    sender.value()
    for report in [client.value(), server.value()] {
      #expect(report.outcome.summary == "clean")
      #expect(report.plaintextUnsent == 0)
      #expect(report.ciphertextUnread == 0)
    }
  }

  @Test func `a handshake whose output is gone ends although the peer sends nothing`() throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    close(wire.server.0)
    // The input stays open.
    let client = try fixture.startClient(on: wire.client)
    let report = client.value()
    #expect(report.outcome.summary == "ciphertext write: Broken pipe (errno 32)")
    #expect(report.negotiated == nil)
    for end in [wire.server.1, fixture.client.sending, fixture.client.receiving] { close(end) }
  }

  // MARK: The end of the program's data

  @Test(arguments: RelayTests.versions, RelayFixture.Wire.allCases)
  func `the data of a program that failed is sent and not reported as complete`(
    _ version: TLSVersion, _ kind: RelayFixture.Wire
  ) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(kind)
    let asked = Counter()
    let client = try fixture.startClient(on: wire.client, version: version) {
      asked.next() < 3 ? .undecided : .incomplete
    }
    let server = try fixture.startServer(on: wire.server)
    let data = noise(500_000)
    let sender = BackgroundThread { Channel.send(data, to: fixture.client.sending) }
    #expect(Channel.receive(from: fixture.server.receiving) == data)
    sender.value()
    let report = client.value()
    #expect(report.outcome.summary == "incomplete")
    #expect(report.localEnding == .open)
    #expect(report.plaintextSent == data.count)
    let other = server.value()
    #expect(other.outcome.summary == "truncated truncated")
    #expect(other.remoteEnding == .endOfTransport)
    for end in [fixture.client.receiving, fixture.server.sending] { close(end) }
  }

  @Test func `a program that ends its data and continues receives data, and its end is sent`() throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let client = try fixture.startClient(on: wire.client) { .undecided }
    let server = try fixture.startServer(on: wire.server)
    Channel.send([1, 2, 3], to: fixture.client.sending)
    // Delivered before the decision, and after it.
    let data = noise(300_000)
    let sender = BackgroundThread {
      Channel.sendAll(data[..<150_000], to: fixture.server.sending)
      // Its end is close_notify.
      let received = Channel.receive(from: fixture.server.receiving)
      Channel.send(Array(data[150_000...]), to: fixture.server.sending)
      return received
    }
    #expect(Channel.receive(from: fixture.client.receiving) == data)
    #expect(sender.value() == [1, 2, 3])
    #expect(client.value().outcome.summary == "clean")
    #expect(server.value().outcome.summary == "clean")
  }

  private final class Counter: Sendable {
    private let count = Atomic(0)
    func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).oldValue }
  }
}
