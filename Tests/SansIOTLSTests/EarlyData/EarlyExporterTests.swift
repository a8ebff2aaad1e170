import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Keying material that is exported before the handshake is done (RFC 8446, section 7.5).
@Suite(.tags(.behaviour))
struct EarlyExporterTests {
  private static let label = "EXPORTER-early"

  private static func export(_ engine: borrowing TLSEngine, context: [UInt8] = [], count: Int = 32) throws -> [UInt8] {
    try engine.exportEarlyKeyingMaterial(label: label, context: context, count: count)
  }

  @Test(arguments: [1, 32, 255], [[], [1, 2, 3]] as [[UInt8]])
  func `both sides export the same, before the handshake and after it`(count: Int, context: [UInt8]) throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    let material = try Self.export(pair.client, context: context, count: count)
    #expect(material.count == count)
    #expect(count == 1 || Set(material).count > 1)
    try pair.sendEarly([1])
    #expect(try Self.export(pair.client, context: context, count: count) == material)
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    #expect(pair.server.negotiated == nil)
    #expect(try Self.export(pair.server, context: context, count: count) == material)
    #expect(try pair.receiveEarly() == [1])
    try pair.handshake()
    #expect(try Self.export(pair.client, context: context, count: count) == material)
    #expect(try Self.export(pair.server, context: context, count: count) == material)
    try pair.settle()
    try pair.shutdown()
    #expect(try Self.export(pair.client, context: context, count: count) == material)
  }

  @Test func `label, context and connection count, and the handshake's exporter is another`() throws {
    let ends = try EarlyEnds()
    let session = try ends.session()
    var pair = try ends.pair(session)
    let other = try ends.pair(session)
    let exports = [
      try Self.export(pair.client), try Self.export(pair.client, context: [1]), try Self.export(other.client),
      try pair.client.exportEarlyKeyingMaterial(label: "EXPORTER-other", count: 32),
    ]
    #expect(Set(exports).count == exports.count)
    try pair.handshake()
    #expect(try pair.client.exportKeyingMaterial(label: Self.label, context: [], count: 32) != exports[0])
  }

  @Test func `a copy of the ClientHello exports the same, so that it proves no more than early data does`() throws {
    let ends = try EarlyEnds { _, server in
      server.pausesAtClientHello = true
      server.earlyDataReplayFilter = nil
    }
    var pair = try ends.pair(try ends.session())
    let material = try Self.export(pair.client)
    let flight = pair.drain(from: .client)
    for _ in 0..<2 {
      var server = try TLSEngine(.server, context: ends.server)
      _ = try server.feed(flight)
      try server.answer(TLSEngine.ClientHello.Answer.serve.acceptingEarlyData(true))
      #expect(try Self.export(server) == material)
    }
  }

  @Test func `an external pre-shared key has none, because it offers no early data`() throws {
    let pair = try EnginePair(preSharedKey: .test(), version: .tls13)
    expectRefusal(.unsupported, .misuse, naming: "not asked for") { _ = try Self.export(pair.client) }
  }

  @Test func `between the first input and the end of the handshake a client that was not accepted has none`() throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    try pair.sendEarly([1])
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    let flight = pair.drain(from: .server)
    _ = try pair.feed(Array(flight.prefix(1)), to: .client)
    expectRefusal(.handshakeNotComplete, .misuse, naming: "decided") { _ = try Self.export(pair.client) }
    _ = try pair.feed(Array(flight.dropFirst()), to: .client)
    #expect(try Self.export(pair.client) == Self.export(pair.server))
  }

  @Test func `a server has none before the ClientHello, and while it is asked about that`() throws {
    let ends = try EarlyEnds { _, server in
      server.pausesAtClientHello = true
      server.earlyDataReplayFilter = nil
    }
    var pair = try ends.pair(try ends.session())
    expectRefusal(.handshakeNotComplete, .misuse) { _ = try Self.export(pair.server) }
    pair.step()
    #expect(pair.server.question != nil)
    expectRefusal(.handshakeNotComplete, .misuse) { _ = try Self.export(pair.server) }
  }

  @Test(arguments: [true, false])
  func `rejected early data exports nothing`(resumes: Bool) throws {
    let ends = try EarlyEnds { _, server in
      server.pausesAtClientHello = true
      server.earlyDataReplayFilter = nil
    }
    // Another context does not know the ticket: a full handshake.
    let stranger = try TLSContext(ends.server.configuration)
    var pair = try ends.pair(try ends.session(), at: resumes ? nil : stranger)
    _ = try Self.export(pair.client)
    while pair.step() {}
    try pair.answer(.serve, at: .server)
    expectRefusal(.unsupported, .peer, naming: "rejected") { _ = try Self.export(pair.server) }
    try pair.handshake()
    #expect(pair.client.negotiated?.isResumed == resumes)
    expectRefusal(.unsupported, .peer, naming: "rejected") { _ = try Self.export(pair.client) }
    expectRefusal(.unsupported, .peer, naming: "rejected") { _ = try Self.export(pair.server) }
    #expect(try pair.client.exportKeyingMaterial(label: Self.label, count: 32).count == 32)
  }

  @Test(arguments: TLSVersion.both)
  func `a connection without early data has none, and says why`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    expectRefusal(.unsupported, .misuse, naming: "not asked for") { _ = try Self.export(pair.client) }
    expectRefusal(.unsupported, .misuse, naming: "not asked for") { _ = try Self.export(pair.server) }
    let plain = try EarlyEnds(maximum: 0)
    pair = try plain.pair(try plain.session())
    expectRefusal(.unsupported, .misuse, naming: "accepts no early data") { _ = try Self.export(pair.client) }
    let ends = try EarlyEnds()
    var full = try EnginePair(client: ends.client, server: ends.server)
    try full.handshake()
    expectRefusal(.unsupported, .peer, naming: "not offered by the client") { _ = try Self.export(full.server) }
  }

  @Test func `lengths out of range are refused`() throws {
    let ends = try EarlyEnds()
    let pair = try ends.pair(try ends.session())
    for (label, context, count) in [("", 0, 32), (String(repeating: "x", count: 250), 0, 32), ("x", 65_536, 32)]
      + [("x", 0, 0), ("x", 0, 8161)]
    {
      expectRefusal(.invalidArgument, .misuse) {
        _ = try pair.client.exportEarlyKeyingMaterial(
          label: label, context: [UInt8](repeating: 0, count: context), count: count)
      }
    }
    #expect(
      try pair.client.exportEarlyKeyingMaterial(label: String(repeating: "x", count: 249), count: 8160).count == 8160)
  }
}
