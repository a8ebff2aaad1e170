import Glibc
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Synchronization
import Testing

@Suite struct RelayObserverTests {
  private enum Event: Sendable, Hashable {
    case passed(RelayReport.Direction, [UInt8])
    case ended(RelayReport.Direction)
    case turned(isHandshakeDone: Bool, hasFailed: Bool)
  }

  /// Records its calls.
  private final class Diary: RelayObserver, Sendable {
    private let entries = Mutex<[Event]>([])

    var events: [Event] { entries.withLock { $0 } }

    func bytes(_ direction: RelayReport.Direction) -> [UInt8] {
      events.flatMap { event -> [UInt8] in if case .passed(direction, let bytes) = event { bytes } else { [] } }
    }

    /// The largest number of bytes that passed together.
    func largest(_ direction: RelayReport.Direction) -> Int {
      events.map { event in if case .passed(direction, let bytes) = event { bytes.count } else { 0 } }.max() ?? 0
    }

    func relayDidTransfer(_ ciphertext: RawSpan, _ direction: RelayReport.Direction) {
      // Sound: the bytes are copied before the span ends.
      let bytes = unsafe ciphertext.withUnsafeBytes { unsafe Array($0) }
      entries.withLock { $0.append(.passed(direction, bytes)) }
    }

    func relayDidEnd(_ direction: RelayReport.Direction) { entries.withLock { $0.append(.ended(direction)) } }

    func relayDidCompleteIteration(_ engine: inout TLSEngine) {
      let event = Event.turned(isHandshakeDone: engine.negotiated != nil, hasFailed: engine.failure != nil)
      entries.withLock { $0.append(event) }
    }
  }

  /// Whether bytes are consecutive whole records: none is missing, and they are in order.
  private func areRecords(_ bytes: [UInt8]) -> Bool {
    var start = 0
    while start + 5 <= bytes.count { start += 5 + (Int(bytes[start + 3]) << 8 | Int(bytes[start + 4])) }
    return start == bytes.count
  }

  @Test(arguments: RelayTests.versions, RelayFixture.Wire.allCases)
  func `receives all ciphertext of both directions, in order`(_ version: TLSVersion, _ kind: RelayFixture.Wire) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(kind)
    let diary = Diary()
    let client = try fixture.startClient(on: wire.client, version: version, observer: diary)
    let server = try fixture.startServer(on: wire.server)
    let data = noise(300_000)
    let sender = BackgroundThread { Channel.send(data, to: fixture.client.sending) }
    Channel.send([1, 2, 3], to: fixture.server.sending)
    #expect(Channel.receive(from: fixture.server.receiving).count == data.count)
    sender.value()
    let (report, other) = (client.value(), server.value())
    #expect(Channel.receive(from: fixture.client.receiving) == [1, 2, 3])
    #expect(report.outcome.summary == "clean")
    #expect(diary.bytes(.sent).count == other.ciphertextReceived)
    #expect(diary.bytes(.received).count == other.ciphertextSent)
    #expect(areRecords(diary.bytes(.sent)))
    #expect(areRecords(diary.bytes(.received)))
    #expect(diary.events.count { $0 == .ended(.sent) } == 1)
    #expect(diary.events.count { $0 == .ended(.received) } <= 1)
    #expect(diary.events.last == .ended(.sent))
  }

  @Test func `receives the engine after each iteration, including the last`() throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let diary = Diary()
    let client = try fixture.startClient(
      on: wire.client, trusting: TestAuthority(name: "Another CA").trust, observer: diary)
    let server = try fixture.startServer(on: wire.server)
    #expect(client.value().outcome.summary == "TLS certificateRejected")
    _ = server.value()
    for program in [fixture.client, fixture.server] {
      for end in [program.sending, program.receiving] { close(end) }
    }
    let turns = diary.events.filter { if case .turned = $0 { true } else { false } }
    #expect(turns.first == .turned(isHandshakeDone: false, hasFailed: false))
    #expect(turns.last == .turned(isHandshakeDone: false, hasFailed: true))
    // The alert was sent before the iteration ended.
    let alert = try #require(diary.events.lastIndex { if case .passed(.sent, _) = $0 { true } else { false } })
    #expect(diary.events[alert...].contains(.turned(isHandshakeDone: false, hasFailed: true)))
  }

  @Test func `receives the end when the peer cuts the connection`() throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let diary = Diary()
    let client = try fixture.startClient(on: wire.client, observer: diary)
    close(wire.server.1)
    #expect(client.value().outcome.summary == "truncated truncated")
    #expect(diary.events.count { $0 == .ended(.received) } == 1)
    #expect(diary.events.count { $0 == .ended(.sent) } == 1)
    for end in [wire.server.0, fixture.client.sending, fixture.client.receiving] { close(end) }
  }

  @Test(arguments: RelayTests.versions)
  func `records that fit the engine's buffer together are sent, received and delivered together`(
    _ version: TLSVersion
  ) throws {
    let fixture = RelayFixture()
    let wire = RelayFixture.wire(.pipes)
    let (sent, received) = (Diary(), Diary())
    // Four records, which with their overhead fit each pipe.
    let data = noise(60_000)
    Channel.sendAll(data[...], to: fixture.client.sending)
    let client = try fixture.startClient(
      on: wire.client, version: version, limits: RelayFixture.largeBuffers, observer: sent)
    let server = try fixture.startServer(on: wire.server, limits: RelayFixture.largeBuffers, observer: received)
    var delivered = [UInt8](repeating: 0, count: 65_536)
    // Sound: the array lives through the call and is as long as it says. It waits for the first bytes.
    let count = unsafe read(fixture.server.receiving, &delivered, delivered.count)
    #expect(Array(delivered[..<max(count, 0)]) == data)
    for program in [fixture.client, fixture.server] { close(program.sending) }
    #expect(client.value().outcome.summary == "clean")
    #expect(server.value().outcome.summary == "clean")
    #expect(sent.largest(.sent) > data.count)
    #expect(received.largest(.received) > data.count)
    for program in [fixture.client, fixture.server] { close(program.receiving) }
  }
}
