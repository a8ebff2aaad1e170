import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 1. When a call returns, libssl cannot make progress without new input or a new call.
@Suite(.tags(.law1))
struct QuiescenceTests {
  @Test(arguments: TLSVersion.both)
  func `a handshake that waits is changed by nothing but ciphertext`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    let hello = pair.client.pendingOutputByteCount
    for _ in 0..<3 {
      #expect(try pair.client.handshake() == .needsFeed)
      #expect(try pair.server.handshake() == .needsFeed)
    }
    #expect(pair.client.pendingOutputByteCount == hello)
    #expect(pair.server.pendingOutputByteCount == 0)
  }

  @Test(arguments: TLSVersion.both)
  func `a new client needs drain and feed, and a new server needs feed`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version, handshake: false)
    #expect(pair.client.needs == [.drain, .feed])
    #expect(pair.server.needs == [.feed])
  }

  @Test(arguments: TLSVersion.both)
  func `after the handshake repeated calls find nothing to do`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    while case .done = try pair.read(at: .client) {}
    pair.step()
    for _ in 0..<3 {
      #expect(try pair.client.handshake() == .done)
      #expect(try pair.read(at: .client) == .needsFeed)
      #expect(try pair.read(at: .server) == .needsFeed)
      #expect(pair.client.pendingOutputByteCount == 0)
      #expect(pair.server.pendingOutputByteCount == 0)
    }
    #expect(pair.client.needs == .feed)
    #expect(pair.server.needs == .feed)
  }

  @Test(arguments: TLSVersion.both)
  func `after each byte of a handshake a repeated call changes nothing`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false) { client, server in
      try EnginePair.authenticateClient(&client, &server)
    }
    for _ in 0..<3 {
      for side in TLSRole.allCases {
        for byte in pair[side].drain() {
          #expect(try pair[side.peer].feed([byte]) == 1)
          let (needs, count, needed) = (
            pair[side.peer].needs, pair[side.peer].pendingOutputByteCount, pair[side.peer].bytesNeeded
          )
          _ = try pair[side.peer].handshake()
          if !needs.contains(.read) { #expect(try pair[side.peer].read(upTo: 1) == .needsFeed) }
          #expect(pair[side.peer].pendingOutputByteCount == count)
          if !needs.contains(.read) {
            #expect(pair[side.peer].needs == needs)
            #expect(pair[side.peer].bytesNeeded == needed || pair[side.peer].negotiated != nil)
          }
        }
      }
    }
    #expect(pair.client.negotiated != nil)
    #expect(pair.server.negotiated != nil)
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `if needs lacks read, a read returns nothing`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    for length in [1, 100, 5000] {
      _ = try pair.write(pattern(length)[...], from: side.peer)
      let record = pair[side.peer].drain()
      for byte in record.dropLast() {
        _ = try pair[side].feed([byte])
        #expect(try pair[side].read(upTo: 1) == .needsFeed)
        #expect(pair[side].needs == [.feed])
      }
      _ = try pair[side].feed(record.suffix(1))
      #expect(pair[side].needs == [.read])
      #expect(try pair[side].read(upTo: length) == .done(pattern(length)))
      #expect(try pair[side].read(upTo: 1) == .needsFeed)
      #expect(pair[side].needs == [.feed])
      #expect(pair[side].pendingOutputByteCount == 0)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `the handshake needs no call but feed and drain`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    #expect(pair.client.negotiated?.version == version)
    #expect(pair.server.negotiated?.version == version)
    #expect(try pair.transfer(Array("ping".utf8), from: .client) == Array("ping".utf8))
    #expect(try pair.transfer(Array("pong".utf8), from: .server) == Array("pong".utf8))
    try pair.shutdown()
  }

  @Test(arguments: TLSVersion.both)
  func `needs contains read for an end that arrived with data`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.write([1])
    _ = try pair.client.closeWriting()
    pair.step()
    #expect(try pair.server.read(upTo: 100) == .done([1]))
    #expect(pair.server.needs.contains(.read), "the end was received and not reported")
    #expect(try pair.server.read(upTo: 100) == .endOfStream)
    #expect(!pair.server.needs.contains(.read))

    _ = try pair.server.write([2])
    var ciphertext = pair.server.drain()
    ciphertext += [23, 3, 3, 0, 24] + [UInt8](repeating: 7, count: 24)
    _ = try pair.client.feed(ciphertext)
    #expect(try pair.client.read(upTo: 100) == .done([2]))
    #expect(pair.client.needs.contains(.read), "the failure was received and not reported")
    #expect(throws: TLSError.self) { try pair.client.read(upTo: 100) }
    #expect(!pair.client.needs.contains(.read))
  }

  @Test
  func `needs contains read for the end of the transport during a handshake`() throws {
    var pair = try EnginePair.connected(nil, handshake: false)
    pair.client.feedEOF()
    #expect(pair.client.needs.contains(.read))
    #expect(thrownError { _ = try pair.client.handshake() }?.code == .truncated)
    #expect(!pair.client.needs.contains(.read))
  }

  @Test(arguments: TLSVersion.both)
  func `after a whole record the next header is needed`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(try pair.transfer(pattern(1000), from: .client) == pattern(1000))
    #expect(pair.server.bytesNeeded == 5)
  }
}
