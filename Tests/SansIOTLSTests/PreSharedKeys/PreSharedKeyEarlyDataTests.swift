import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// Early data that another client sends by an external pre-shared key: the engine's own clients send none.
struct PreSharedKeyEarlyDataTests {
  private static func server(
    change: (inout TLSContext.Configuration) throws -> Void = { _ in }
  ) throws -> TLSContext {
    var configuration = TLSContext.Configuration.server(try TestIdentity.server().identity)
    configuration.preSharedKeys = [
      try TLSPreSharedKey(identity: PreSharedPair.identity, key: [UInt8](repeating: 7, count: 32), hash: .sha384)
    ]
    configuration.maximumEarlyDataByteCount = 100
    configuration.earlyDataReplayFilter = try TLSReplayFilter()
    try change(&configuration)
    return try TLSContext(configuration)
  }

  /// A client of bare libssl that has sent early data to a server of the engine.
  private struct Meeting: ~Copyable {
    let pair = PreSharedPair()
    let flight: [UInt8]
    var server: TLSEngine

    init(_ context: TLSContext, answer: TLSEngine.ClientHello.Answer? = nil) throws {
      pair.allowEarlyData(client: 1_000, server: 0, context: 0)
      flight = pair.writeEarly([1, 2, 3])
      _ = pair.takeFromClient()
      var server = try TLSEngine(.server, context: context)
      _ = try server.feed(flight)
      if let answer { try server.answer(answer) }
      self.server = server
    }

    /// Lets the client complete its handshake, and its server read one byte.
    mutating func complete() throws {
      for _ in 0..<4 {
        pair.sendToClient(server.drain())
        _ = unsafe SSL_do_handshake(pair.client)
        _ = try server.feed(pair.takeFromClient())
      }
      var written = 0
      #expect(unsafe SSL_write_ex(pair.client, [9], 1, &written) == 1)
      _ = try server.feed(pair.takeFromClient())
      #expect(try server.read(upTo: 10) == .done([9]))
      #expect(server.negotiated?.peerAuthentication == .preSharedKey(identity: PreSharedPair.identity))
    }
  }

  @Test func `the filter admits early data of a key once, and remembers it permanently`() throws {
    let filter = try TLSReplayFilter()
    var time: Int64 = 1_767_225_600
    func context() throws -> TLSContext {
      try Self.server {
        $0.earlyDataReplayFilter = filter
        $0.verificationTime = time
      }
    }
    var meeting = try Meeting(context())
    #expect(meeting.server.earlyParameters?.peerAuthentication == .preSharedKey(identity: PreSharedPair.identity))
    #expect(meeting.server.earlyParameters?.isResumed == false)
    #expect(try meeting.server.readEarly(upTo: 10) == .done([1, 2, 3]))
    try meeting.complete()
    #expect(meeting.server.earlyData == .accepted(byteCount: 3))
    #expect(unsafe SSL_get_early_data_status(meeting.pair.client) == SSL_EARLY_DATA_ACCEPTED)
    // libssl does not look at the age of a key, so a copy is never too old.
    for later in [0, TLSReplayFilter.windowSeconds + 1, 1_000_000] {
      time += later
      var victim = try TLSEngine(.server, context: context())
      _ = try victim.feed(meeting.flight)
      #expect(try victim.readEarly(upTo: 10) == .endOfEarlyData)
      #expect(victim.earlyParameters == nil)
    }
  }

  @Test func `an answer cannot accept early data of a key, and the connection is an ordinary one`() throws {
    let context = try Self.server {
      $0.pausesAtClientHello = true
      $0.earlyDataReplayFilter = nil
    }
    for accepts in [true, false] {
      var meeting = try Meeting(context, answer: .serve.acceptingEarlyData(accepts))
      #expect(try meeting.server.readEarly(upTo: 10) == .endOfEarlyData)
      try meeting.complete()
      #expect(meeting.server.earlyData == .rejected(byteCount: 0))
      #expect(unsafe SSL_get_early_data_status(meeting.pair.client) == SSL_EARLY_DATA_REJECTED)
    }
  }

  @Test func `a key of an answer is treated as one of the configuration`() throws {
    let context = try Self.server {
      $0.pausesAtClientHello = true
      $0.preSharedKeys = []
    }
    let key = try TLSPreSharedKey(
      identity: PreSharedPair.identity, key: [UInt8](repeating: 7, count: 32), hash: .sha384)
    var meeting = try Meeting(context, answer: .serve.accepting(key))
    #expect(try meeting.server.readEarly(upTo: 10) == .done([1, 2, 3]))
    try meeting.complete()
  }

  @Test func `a server without early data serves such a client`() throws {
    let context = try Self.server {
      $0.maximumEarlyDataByteCount = 0
      $0.earlyDataReplayFilter = nil
    }
    var meeting = try Meeting(context)
    #expect(try meeting.server.readEarly(upTo: 10) == .endOfEarlyData)
    try meeting.complete()
    #expect(unsafe SSL_get_early_data_status(meeting.pair.client) == SSL_EARLY_DATA_REJECTED)
  }
}
