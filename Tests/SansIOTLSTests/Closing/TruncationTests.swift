import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 8. Truncation is not a close: an end without close_notify throws, after all earlier data was delivered.
@Suite(.tags(.law8))
struct TruncationTests {
  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `an end between records throws truncated after the data`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.write(Array("all there is".utf8)[...], from: side.peer)
    let records = pair[side.peer].drain()
    #expect(try pair[side].feed(records) == records.count)
    pair[side].feedEOF()
    #expect(pair[side].failure == nil)
    #expect(pair[side].needs == [.read])
    #expect(try pair[side].read(upTo: 3) == .done(Array("all".utf8)))
    #expect(pair[side].needs == [.read])
    #expect(try pair[side].read(upTo: 100) == .done(Array(" there is".utf8)))
    let error = thrownError { _ = try pair[side].read(upTo: 100) }
    #expect(error?.code == .truncated)
    #expect(error?.blame == .peer)
    #expect(error?.isMidRecord == false)
    #expect(thrownError { _ = try pair[side].read(upTo: 100) }?.description == error?.description)
    #expect(pair[side].allEvents().contains("peerClosed") == false)
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `an end at any byte inside a record is reported as such`(version: TLSVersion, side: TLSRole) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let contexts = (try TLSContext(client), try TLSContext(server))
    for cut in 1..<30 {
      var pair = try EnginePair(client: contexts.0, server: contexts.1)
      try pair.handshake()
      try pair.settle()
      _ = try pair.write(Array("whole".utf8)[...], from: side.peer)
      let whole = pair[side.peer].drain()
      _ = try pair.write(Array("in pieces".utf8)[...], from: side.peer)
      let broken = pair[side.peer].drain()
      let readsBefore = cut.isMultiple(of: 2)
      _ = try pair[side].feed(whole + broken[..<min(cut, broken.count - 1)])
      if readsBefore { #expect(try pair[side].readAll() == Array("whole".utf8)) }
      pair[side].feedEOF()
      if !readsBefore { #expect(try pair[side].read(upTo: 100) == .done(Array("whole".utf8)), "cut at \(cut)") }
      let error = thrownError { _ = try pair[side].read(upTo: 100) }
      #expect(error?.code == .truncated, "cut at \(cut)")
      #expect(error?.isMidRecord == true, "cut at \(cut)")
    }
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `an end anywhere in the handshake is a truncation`(version: TLSVersion, side: TLSRole) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let contexts = (try TLSContext(client), try TLSContext(server))
    for cut in stride(from: 0, to: 200, by: 13) {
      var pair = try EnginePair(client: contexts.0, server: contexts.1)
      if side == .client { _ = try pair.server.feed(pair.client.drain()) }
      let flight = pair[side.peer].drain()
      if cut > 0 { #expect(try pair[side].feed(flight[..<cut]) == cut) }
      pair[side].feedEOF()
      #expect(pair[side].failure?.code == .truncated, "cut at \(cut)")
      #expect(thrownError { _ = try pair[side].handshake() }?.code == .truncated)
      #expect(thrownError { _ = try pair[side].read(upTo: 1) }?.code == .truncated)
      #expect(thrownError { _ = try pair[side].write([1]) }?.code == .truncated)
      #expect(!pair[side].needs.contains(.feed))
      #expect(pair[side].negotiated == nil)
      if cut > 0 { #expect(pair[side].failure?.isMidRecord == true, "cut at \(cut)") }
    }
  }

  /// Row 8: ZERO_RETURN, and it stays so.
  @Test(.tags(.openSSLFact, .behaviour), arguments: TLSVersion.both, TLSRole.allCases)
  func `the transport's end after close_notify is the end of the stream, however often it is read`(
    version: TLSVersion, side: TLSRole
  ) throws {
    for endsFirst in [false, true] {
      var pair = try EnginePair.connected(version)
      try pair.settle()
      _ = try pair.write(Array("bye".utf8)[...], from: side.peer)
      _ = try pair[side.peer].closeWriting()
      let records = pair[side.peer].drain()
      _ = try pair[side].feed(records)
      if endsFirst { pair[side].feedEOF() }
      #expect(try pair[side].read(upTo: 100) == .done(Array("bye".utf8)))
      #expect(try pair[side].read(upTo: 100) == .endOfStream)
      pair[side].feedEOF()
      for _ in 0..<3 { #expect(try pair[side].read(upTo: 100) == .endOfStream) }
      #expect(pair[side].needs == [])
      pair[side].feedEOF()
      #expect(pair[side].failure == nil)
      #expect(pair[side].allEvents().filter { $0 == "peerClosed" }.count == 1)
      #expect(try pair[side].write("still".utf8) == .done(5))
    }
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `writing continues until the end of the transport is read`(
    version: TLSVersion, side: TLSRole
  ) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    pair[side].feedEOF()
    #expect(try pair[side].write(Array("last".utf8)) == .done(4))
    #expect(try pair[side].closeWriting() == .done)
    let last = pair[side].drain()
    #expect(try pair[side.peer].absorb(last) == Array("last".utf8))
    #expect(try pair[side.peer].read(upTo: 1) == .endOfStream)
  }

  @Test(arguments: TLSVersion.both)
  func `feeding after the end of input is refused`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    pair.server.feedEOF()
    #expect(thrownError { _ = try pair.server.feed([1]) }?.code == .inputAfterEOF)
    #expect(pair.server.failure == nil)
  }
}
