import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 1, 2, 3, 22 and 25: what a BIO pair does, and what a caller sees of it.
struct RingFactTests {
  private static func limits(ring: Int) -> TLSEngine.Limits {
    var limits = TLSEngine.Limits.default
    limits.ring = ring
    return limits
  }

  /// Row 1. Bare libssl loses or cuts an alert that is due when the ring is full, and says SYSCALL from then on.
  @Test(arguments: TLSVersion.both)
  func `an alert that is due behind a full ring arrives`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, limits: Self.limits(ring: 64))
    try pair.settle()
    #expect(try pair.client.write(pattern(100_000)) == .done(100_000))
    // Nobody drains, and then the peer sends nonsense.
    let error = thrownError { _ = try pair.client.absorb([23, 3, 3, 0, 20] + pattern(20)) }
    #expect(error?.alertSent == .badRecordMAC)
    let last = pair.client.drain()
    #expect(thrownError { _ = try pair.server.absorb(last) }?.alertReceived == .badRecordMAC)
  }

  /// Row 1. The data before the alert is genuine, and delivered.
  @Test(arguments: TLSVersion.both)
  func `data before the alert is read before the error`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let plaintext = pattern(1000)
    #expect(try pair.client.write(plaintext) == .done(1000))
    _ = thrownError { _ = try pair.client.absorb([23, 3, 3, 0, 20] + pattern(20)) }
    let last = pair.client.drain()
    #expect(try pair.server.feed(last) == last.count)
    #expect(try pair.server.read(upTo: 2000) == .done(plaintext))
    #expect(thrownError { _ = try pair.server.read(upTo: 2000) }?.alertReceived == .badRecordMAC)
  }

  /// Row 2. A naive loop on a bounded ring deadlocks, or spins, in mid-handshake.
  @Test(arguments: TLSVersion.both, [64, 65, 127])
  func `the smallest rings finish a handshake in few rounds`(version: TLSVersion, ring: Int) throws {
    var pair = try EnginePair.connected(version, handshake: false, limits: Self.limits(ring: ring)) { client, server in
      try EnginePair.authenticateClient(&client, &server)
    }
    try pair.handshake(limit: 6)
    #expect(try pair.transfer(pattern(1000), from: .client) == pattern(1000))
    #expect(try pair.transfer(pattern(1000), from: .server) == pattern(1000))
  }

  /// Row 3. libssl says WANT_READ while its ClientHello waits.
  @Test(arguments: TLSVersion.both)
  func `needs shows drain and feed at once`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    #expect(try pair.client.handshake() == .needsFeed)
    #expect(pair.client.needs == [.feed, .drain])
    #expect(pair.client.outboundCount > 200)
    _ = try pair.server.feed(pair.client.drain())
    #expect(pair.client.needs == [.feed])
    #expect(pair.server.needs == [.feed, .drain])
  }

  /// Row 22. nread0 and nwrite0 stop at the ring's end: both are walked around it at every offset.
  @Test(arguments: [64, 97])
  func `records pass the ring's end at every offset`(ring: Int) throws {
    var pair = try EnginePair.connected(.tls13, limits: Self.limits(ring: ring))
    try pair.settle()
    for length in 1...(2 * ring) {
      let plaintext = pattern(length, seed: UInt64(length))
      #expect(try pair.transfer(plaintext, from: .client) == plaintext)
      #expect(try pair.transfer(plaintext, from: .server) == plaintext)
    }
  }

  /// Row 25. The read request counts down the record: 5 for the header, then the body.
  @Test(arguments: TLSVersion.both, EnginePair.Side.allCases)
  func `bytesNeeded leads from header to body to header`(version: TLSVersion, side: EnginePair.Side) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.write(pattern(100)[...], from: side.peer)
    let record = pair.at(side.peer) { $0.drain() }
    try pair.at(side) { (engine) throws in
      #expect(engine.bytesNeeded == 5)
      _ = try engine.feed(record[..<2])
      #expect(try engine.read(upTo: 200) == .needsFeed)
      #expect(engine.bytesNeeded == 3)
      _ = try engine.feed(record[2..<5])
      #expect(try engine.read(upTo: 200) == .needsFeed)
      #expect(engine.bytesNeeded == record.count - 5)
      _ = try engine.feed(record[5..<25])
      #expect(try engine.read(upTo: 200) == .needsFeed)
      #expect(engine.bytesNeeded == record.count - 25)
      _ = try engine.feed(record[25...])
      #expect(engine.needs == [.read])
      #expect(engine.bytesNeeded == 0)
      #expect(try engine.read(upTo: 200) == .done(pattern(100)))
      #expect(engine.bytesNeeded == 5)
    }
  }

  /// Row 25. Exact reads carry a whole connection without ever taking a byte that is not TLS's.
  @Test(arguments: TLSVersion.both)
  func `a transport that reads exactly bytesNeeded never reads too far`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    var wires: [EnginePair.Side: ArraySlice<UInt8>] = [.client: [], .server: []]
    var received: [EnginePair.Side: [UInt8]] = [:]
    var closed = false
    for _ in 0..<10_000 {
      var moved = false
      for side in EnginePair.Side.allCases {
        let drained = pair.at(side) { $0.drain() }
        wires[side.peer]! += drained
        let wire = wires[side]!
        let taken = try pair.at(side) { (engine) throws in
          let count = engine.bytesNeeded
          guard count > 0, wire.count >= count else { return 0 }
          #expect(try engine.feed(wire.prefix(count)) == count)
          return count
        }
        wires[side]!.removeFirst(taken)
        received[side, default: []] += try pair.at(side) { try $0.readAll() }
        moved = moved || taken + drained.count > 0
      }
      if !moved, closed { break }
      if !moved {
        closed = true
        #expect(pair.client.negotiated != nil)
        _ = try pair.client.write(pattern(20_000))
        _ = try pair.client.close()
        // What follows the end in clear is not touched.
        wires[.server]! += pair.client.drain() + [1, 2, 3]
      }
    }
    #expect(received[.server] == pattern(20_000))
    #expect(try pair.server.read(upTo: 1) == .endOfStream)
    #expect(wires[.server] == [1, 2, 3])
    #expect(pair.server.takeTrailingInput().isEmpty)
  }
}
