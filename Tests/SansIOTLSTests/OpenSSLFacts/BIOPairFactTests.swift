import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 1, 2, 3, 22, 25 and 36 of the page OpenSSLFacts: the behaviour of a BIO pair, and its effect for a caller.
@Suite(.tags(.openSSLFact))
struct BIOPairFactTests {
  /// Row 1. libssl alone loses or truncates an alert that is due when the buffer is full, and reports SYSCALL
  /// afterwards.
  @Test(arguments: TLSVersion.both)
  func `an alert arrives although the buffer was full when it was due`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, limits: .with { $0.bufferByteCount = 64 })
    try pair.settle()
    #expect(try pair.client.write(pattern(100_000)) == .done(100_000))
    // The output is not drained, and then the peer sends nonsense.
    let error = thrownError { _ = try pair.client.absorb(corruptRecord) }
    #expect(error?.alertSent == .badRecordMAC)
    let last = pair.client.drain()
    #expect(thrownError { _ = try pair.server.absorb(last) }?.alertReceived == .badRecordMAC)
  }

  /// Row 1. The data before the alert is authentic, and delivered.
  @Test(arguments: TLSVersion.both)
  func `data before the alert is read before the error`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let plaintext = pattern(1000)
    #expect(try pair.client.write(plaintext) == .done(1000))
    _ = thrownError { _ = try pair.client.absorb(corruptRecord) }
    let last = pair.client.drain()
    #expect(try pair.server.feed(last) == last.count)
    #expect(try pair.server.read(upTo: 2000) == .done(plaintext))
    #expect(thrownError { _ = try pair.server.read(upTo: 2000) }?.alertReceived == .badRecordMAC)
  }

  /// Row 2. A simple loop on a bounded buffer deadlocks or spins during the handshake.
  @Test(arguments: TLSVersion.both, [64, 65, 127])
  func `the smallest buffers complete a handshake in few rounds`(version: TLSVersion, size: Int) throws {
    var pair = try EnginePair.connected(version, handshake: false, limits: .with { $0.bufferByteCount = size }) {
      client, server in
      try EnginePair.authenticateClient(&client, &server)
    }
    try pair.handshake(limit: 6)
    #expect(try pair.transfer(pattern(1000), from: .client) == pattern(1000))
    #expect(try pair.transfer(pattern(1000), from: .server) == pattern(1000))
  }

  /// Row 3. libssl reports WANT_READ while its ClientHello is pending.
  @Test(arguments: TLSVersion.both)
  func `needs shows drain and feed at once`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    #expect(try pair.client.handshake() == .needsFeed)
    #expect(pair.client.needs == [.feed, .drain])
    #expect(pair.client.pendingOutputByteCount > 200)
    _ = try pair.server.feed(pair.client.drain())
    #expect(pair.client.needs == [.feed])
    #expect(pair.server.needs == [.feed, .drain])
  }

  /// Row 36. The engine subtracts these numbers instead of asking for what is pending.
  @Test func `the halves of a pair count what they read and wrote`() {
    var inner: OpaquePointer?
    var network: OpaquePointer?
    #expect(unsafe BIO_new_bio_pair(&inner, 100, &network, 100) == 1)
    var window: UnsafeMutablePointer<CChar>?
    var bytes = [UInt8](repeating: 0, count: 100)
    for round in Int32(0)..<20 {
      #expect(unsafe BIO_write(inner, &bytes, 30 + round) > 0)
      #expect(unsafe BIO_nread(network, &window, 20 + round) > 0)
      #expect(unsafe BIO_nwrite(network, &window, 40) > 0)
      #expect(unsafe BIO_read(inner, &bytes, 41) > 0)
      let outbound = unsafe BIO_number_written(inner) - BIO_number_read(network)
      let inbound = unsafe BIO_number_written(network) - BIO_number_read(inner)
      #expect(unsafe Int(outbound) == BIO_ctrl_pending(network))
      #expect(unsafe Int(inbound) == BIO_ctrl_wpending(network))
    }
    unsafe BIO_free(inner)
    unsafe BIO_free(network)
  }

  /// Row 22. nwrite0 stops at the end of the circular buffer. One that becomes empty starts at its beginning again:
  /// this one never does.
  @Test(arguments: TLSRole.allCases, [100, 127])
  func `one call to feed passes the end of the circular buffer`(side: TLSRole, size: Int) throws {
    var pair = try EnginePair.connected(.tls13, limits: .with { $0.bufferByteCount = size })
    try pair.settle()
    func seal(_ round: Int) throws -> (plaintext: [UInt8], record: [UInt8]) {
      // Two records of at most 45 bytes fit; their lengths move every byte of one to the end of the buffer.
      let plaintext = pattern(1 + round % 23, seed: UInt64(round))
      #expect(try pair.write(plaintext[...], from: side.peer) == .done(plaintext.count))
      return (plaintext, pair[side.peer].drain())
    }
    var waiting = try seal(0)
    #expect(try pair[side].feed(waiting.record) == waiting.record.count)
    for round in 1...200 {
      let next = try seal(round)
      #expect(try pair[side].feed(next.record) == next.record.count)
      #expect(try pair[side].read(upTo: waiting.plaintext.count) == .done(waiting.plaintext))
      waiting = next
    }
    #expect(try pair.read(at: side) == .done(waiting.plaintext))
  }

  /// Row 22. nread stops there too, where the engine takes out what libssl does not read any more.
  @Test(arguments: TLSVersion.both, [0, 1, 50, 99])
  func `trailing input is returned whole across the end of the circular buffer`(version: TLSVersion, offset: Int) throws
  {
    var pair = try EnginePair.connected(version, limits: .with { $0.bufferByteCount = 200 })
    try pair.settle()
    let plaintext = pattern(offset + 1)
    #expect(try pair.server.write(plaintext) == .done(plaintext.count))
    #expect(try pair.server.closeWriting() == .done)
    let words = pair.server.drain()
    let stream = words + pattern(200 - recordLengths(words)[1])
    // After the first record was read, the last bytes wrap to the start of the buffer.
    let accepted = try pair.client.feed(stream)
    #expect(try pair.client.read(upTo: plaintext.count) == .done(plaintext))
    #expect(accepted + (try pair.client.feed(stream[accepted...])) == stream.count)
    #expect(try pair.client.read(upTo: 1) == .endOfStream)
    #expect(pair.client.takeTrailingInput() == Array(stream[words.count...]))
  }

  /// Row 22. nread0 stops at the end of the circular buffer; the rest is the next segment. This buffer is never empty
  /// either.
  @Test(arguments: TLSRole.allCases)
  func `one call to drain passes the end of the circular buffer`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13, limits: .with { $0.bufferByteCount = 64 })
    try pair.settle()
    var sent: [UInt8] = []
    var drained: [UInt8] = []
    var segments = 0
    for round in 0..<200 {
      let plaintext = pattern(30, seed: UInt64(round))
      #expect(try pair.write(plaintext[...], from: side) == .done(30))
      sent += plaintext
      let kept = 1 + round % 51
      let target = drained.count + pair[side].pendingOutputByteCount - kept
      pair[side].drain { (segment: RawSpan) in
        let count = min(segment.byteCount, target - drained.count)
        // The bytes are copied inside the closure: the segment is valid only there.
        unsafe segment.extracting(first: count).withUnsafeBytes { unsafe drained.append(contentsOf: $0) }
        segments += 1
        return count
      }
      #expect(pair[side].pendingOutputByteCount == kept)
      #expect(drained.count == target)
    }
    #expect(segments > 220, "the end of the buffer was passed many times")
    drained += pair[side].drain()
    #expect(try pair[side.peer].absorb(drained) == sent)
  }

  /// Row 25. The read request counts down the record: 5 for the header, then the body.
  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `bytesNeeded leads from header to body to header`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.write(pattern(100)[...], from: side.peer)
    let record = pair[side.peer].drain()
    #expect(pair[side].bytesNeeded == 5)
    _ = try pair[side].feed(record[..<2])
    #expect(try pair[side].read(upTo: 200) == .needsFeed)
    #expect(pair[side].bytesNeeded == 3)
    _ = try pair[side].feed(record[2..<5])
    #expect(try pair[side].read(upTo: 200) == .needsFeed)
    #expect(pair[side].bytesNeeded == record.count - 5)
    _ = try pair[side].feed(record[5..<25])
    #expect(try pair[side].read(upTo: 200) == .needsFeed)
    #expect(pair[side].bytesNeeded == record.count - 25)
    _ = try pair[side].feed(record[25...])
    #expect(pair[side].needs == [.read])
    #expect(pair[side].bytesNeeded == 0)
    #expect(try pair[side].read(upTo: 200) == .done(pattern(100)))
    #expect(pair[side].bytesNeeded == 5)
  }

  /// Row 25. Exact reads complete a whole connection without reading a byte after TLS.
  @Test(arguments: TLSVersion.both)
  func `a transport that reads exactly bytesNeeded leaves what follows TLS`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    var wires: [TLSRole: ArraySlice<UInt8>] = [.client: [], .server: []]
    var received: [TLSRole: [UInt8]] = [:]
    var closed = false
    for _ in 0..<10_000 {
      var moved = false
      for side in TLSRole.allCases {
        let drained = pair[side].drain()
        wires[side.peer]! += drained
        let wire = wires[side]!
        let count = pair[side].bytesNeeded
        let isEnough = count > 0 && wire.count >= count
        if isEnough {
          #expect(try pair[side].feed(wire.prefix(count)) == count)
          wires[side]!.removeFirst(count)
        }
        received[side, default: []] += try pair[side].readAll()
        moved = moved || isEnough || !drained.isEmpty
      }
      if !moved, closed { break }
      if !moved {
        closed = true
        #expect(pair.client.negotiated != nil)
        _ = try pair.client.write(pattern(20_000))
        _ = try pair.client.closeWriting()
        // What follows the end in plaintext is not touched.
        wires[.server]! += pair.client.drain() + [1, 2, 3]
      }
    }
    #expect(received[.server] == pattern(20_000))
    #expect(try pair.server.read(upTo: 1) == .endOfStream)
    #expect(wires[.server] == [1, 2, 3])
    #expect(pair.server.takeTrailingInput().isEmpty)
  }
}
