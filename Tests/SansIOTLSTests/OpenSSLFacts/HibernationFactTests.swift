import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 26 and 32 of the page OpenSSLFacts: the buffers of an idle connection can be released, and are recreated
/// automatically.
@Suite(.tags(.openSSLFact))
struct HibernationFactTests {
  @Test(arguments: TLSVersion.both)
  func `an idle connection hibernates and wakes automatically`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    for round in 0..<5 {
      #expect(pair.client.hibernate() == true)
      #expect(pair.client.hibernate() == true, "twice is once")
      #expect(pair.server.hibernate() == true)
      #expect(pair.client.needs == [.feed])
      #expect(pair.client.pendingOutputByteCount == 0)
      #expect(pair.client.drain().isEmpty)
      #expect(pair.client.bytesNeeded == 5)
      let plaintext = pattern(1000 * round + 1)
      #expect(try pair.transfer(plaintext, from: .client) == plaintext)
      #expect(pair.server.hibernate() == true)
      #expect(try pair.transfer(plaintext, from: .server) == plaintext)
    }
    #expect(pair.client.hibernate() == true)
    #expect(pair.server.hibernate() == true)
    try pair.shutdown()
  }

  @Test(arguments: TLSVersion.both)
  func `a handshake may hibernate between any two flights`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false) { client, server in
      try EnginePair.authenticateClient(&client, &server)
    }
    #expect(pair.server.hibernate() == true)
    for _ in 0..<4 {
      for side in TLSRole.allCases {
        let flight = pair[side].drain()
        #expect(pair[side].hibernate() == true)
        _ = try pair[side.peer].absorb(flight)
      }
    }
    #expect(pair.client.negotiated?.version == version)
    #expect(pair.server.negotiated?.version == version)
    #expect(try pair.transfer([1], from: .server) == [1])
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `hibernation is possible after every byte of a record`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    for _ in 0..<2 {
      _ = try pair.write(Array("drop by drop".utf8)[...], from: side.peer)
      let record = pair[side.peer].drain()
      var received: [UInt8] = []
      for byte in record {
        received += try pair[side].absorb([byte])
        #expect(pair[side].hibernate() == true)
        #expect(pair[side].needs == [.feed])
      }
      #expect(received == Array("drop by drop".utf8))
    }
  }

  @Test(arguments: TLSVersion.both)
  func `hibernation is possible after every byte of a handshake message`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    for _ in 0..<3 {
      for side in TLSRole.allCases {
        let flight = pair[side].drain()
        for byte in flight {
          _ = try pair[side.peer].absorb([byte])
          if pair[side.peer].pendingOutputByteCount == 0 { #expect(pair[side.peer].hibernate() == true) }
        }
      }
    }
    #expect(try pair.transfer([1], from: .client) == [1])
    #expect(try pair.transfer([2], from: .server) == [2])
  }

  @Test(arguments: TLSVersion.both)
  func `an engine with output or plaintext does not hibernate`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.write([1, 2, 3])
    #expect(pair.client.hibernate() == false)
    let record = pair.client.drain()
    #expect(pair.client.hibernate() == true)
    _ = try pair.server.feed(record)
    #expect(pair.server.hibernate() == false, "a record was fed")
    #expect(try pair.server.read(upTo: 1) == .done([1]))
    #expect(pair.server.hibernate() == false, "half a record was read")
    #expect(try pair.server.readAll() == [2, 3])
    #expect(pair.server.hibernate() == true)
  }

  @Test(arguments: TLSVersion.both)
  func `the end of the transport is reported during hibernation`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(pair.client.hibernate() == true)
    pair.client.feedEOF()
    #expect(pair.client.needs == [.read])
    #expect(thrownError { _ = try pair.client.read(upTo: 1) }?.code == .truncated)
    #expect(pair.server.hibernate() == true)
    #expect(try pair.server.closeWriting() == .done)
    #expect(pair.server.pendingOutputByteCount > 0)
  }

  @Test(arguments: TLSVersion.both)
  func `closed, failed and suspended engines may hibernate`(version: TLSVersion) throws {
    var closed = try EnginePair.connected(version)
    try closed.shutdown()
    #expect(closed.client.hibernate() == true)
    #expect(try closed.client.read(upTo: 1) == .endOfStream)
    #expect(closed.client.takeTrailingInput().isEmpty)

    var failed = try EnginePair.connected(version)
    try failed.settle()
    _ = thrownError { _ = try failed.client.absorb(corruptRecord) }
    #expect(failed.client.hibernate() == false, "the alert waits")
    _ = failed.client.drain()
    #expect(failed.client.hibernate() == true)
    #expect(thrownError { _ = try failed.client.read(upTo: 1) }?.code == .protocolViolation)
    #expect(failed.client.takeTrailingInput().isEmpty)

    var asking = try EnginePair.connected(version, handshake: false) { _, server in server.pausesAtClientHello = true }
    asking.step()
    #expect(asking.server.hibernate() == true)
    #expect(asking.server.question != nil)
    try asking.server.answer(.serve)
    try asking.handshake()
  }

  @Test
  func `a key update wakes a hibernating engine and is answered`() throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    #expect(pair.client.hibernate() == true)
    #expect(pair.server.hibernate() == true)
    #expect(try pair.client.keyUpdate(requestingPeer: true) == .done)
    #expect(try pair.server.absorb(pair.client.drain()).isEmpty)
    #expect(pair.server.pendingOutputByteCount == 27)
    #expect(try pair.transfer([1], from: .server) == [1])
  }

  @Test(arguments: TLSVersion.both)
  func `hibernation after a full read preserves the end that follows`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.server.write([1, 2, 3])
    _ = try pair.server.closeWriting()
    _ = try pair.client.feed(pair.server.drain())
    #expect(try pair.client.read(upTo: 3) == .done([1, 2, 3]))
    #expect(try pair.client.read(upTo: 3) == .endOfStream)
    #expect(pair.client.hibernate() == true)
  }

  /// The end was set on buffers that are released afterwards: the recreated ones have it too.
  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `an end of input that was fed is preserved by hibernation`(version: TLSVersion, side: TLSRole) throws {
    // Between two records, inside a header, inside a body.
    for count in [0, 3, 12] {
      var pair = try EnginePair.connected(version)
      try pair.settle()
      _ = try pair.write([1, 2, 3], from: side.peer)
      let record = pair[side.peer].drain()
      #expect(try pair[side].absorb(Array(record.prefix(count))).isEmpty)
      pair[side].feedEOF()
      #expect(pair[side].hibernate() == true)
      #expect(pair[side].needs == [.read])
      let error = thrownError { _ = try pair[side].read(upTo: 1) }
      #expect(error?.code == .truncated)
      #expect(error?.isMidRecord == (count > 0))
    }
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `an end of input after the peer's close is not a truncation after hibernation`(
    version: TLSVersion, side: TLSRole
  ) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.close(from: side.peer)
    let closeNotify = pair[side.peer].drain()
    #expect(try pair[side].absorb(closeNotify).isEmpty)
    pair[side].feedEOF()
    #expect(pair[side].hibernate() == true)
    for _ in 0..<2 { #expect(try pair[side].read(upTo: 1) == .endOfStream) }
    // The local direction is still open, and recreates the buffers.
    #expect(try pair[side].write([1]) == .done(1))
    #expect(pair[side].hibernate() == false)
    #expect(try pair[side].read(upTo: 1) == .endOfStream)
    #expect(try pair.transfer([2], from: side) == [1, 2])
  }

  @Test(arguments: TLSVersion.both)
  func `a hibernating engine exports keying material`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    func export(_ engine: borrowing TLSEngine) throws -> [UInt8] {
      try engine.exportKeyingMaterial(label: "EXPORTER-Channel-Binding", count: 32)
    }
    let awake = try export(pair.client)
    #expect(pair.client.hibernate() == true)
    #expect(pair.server.hibernate() == true)
    #expect(try export(pair.client) == awake)
    #expect(try export(pair.server) == awake)
    #expect(pair.client.negotiated?.version == version)
    #expect(try pair.transfer([1], from: .client) == [1])
  }
}
