import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Reading and writing.
@Suite(.tags(.behaviour))
struct ApplicationDataTests {
  @Test(arguments: TLSVersion.both)
  func `a write before the handshake accepts nothing and sends nothing`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    let secret = Array("do not send this unencrypted".utf8)
    let hello = pair.client.pendingOutputByteCount
    #expect(try pair.client.write(secret) == .needsFeed)
    #expect(try pair.server.write(secret) == .needsFeed)
    #expect(try pair.client.read(upTo: 10) == .needsFeed)
    #expect(pair.client.pendingOutputByteCount == hello)
    #expect(pair.server.pendingOutputByteCount == 0)
    try pair.handshake()
    #expect(try pair.server.read(upTo: 100) == .needsFeed)
    #expect(try pair.transfer(secret, from: .client) == secret)
  }

  @Test(arguments: TLSVersion.both)
  func `a large write becomes records of the greatest size`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let plaintext = pattern(3 * 16_384 + 100)
    #expect(try pair.client.write(plaintext) == .done(plaintext.count))
    let ciphertext = pair.client.drain()
    let lengths = recordLengths(ciphertext)
    #expect(lengths.count == 4)
    #expect(Set(lengths.prefix(3)).count == 1)
    #expect(lengths[0] - lengths[3] == 16_384 - 100)
    #expect(try pair.server.absorb(ciphertext) == plaintext)
  }

  @Test(arguments: TLSVersion.both)
  func `one read returns several records of one feed`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    for byte in UInt8(1)...5 { _ = try pair.client.write([byte]) }
    _ = try pair.server.feed(pair.client.drain())
    #expect(try pair.server.read(upTo: 3) == .done([1, 2, 3]))
    #expect(try pair.server.read(upTo: 100) == .done([4, 5]))
  }

  @Test(arguments: TLSVersion.both)
  func `a buffer of twice the size lets one read return two of the largest records`(version: TLSVersion) throws {
    let limits = TLSEngine.Limits.with { $0.bufferByteCount = 2 * 17 * 1024 }
    var pair = try EnginePair.connected(version, limits: limits)
    let plaintext = pattern(2 * 16_384)
    _ = try pair.client.write(plaintext)
    let ciphertext = pair.client.drain()
    #expect(try pair.server.feed(ciphertext) == ciphertext.count)
    #expect(try pair.server.read(upTo: 2 * 16_384) == .done(plaintext))
  }

  @Test(arguments: TLSVersion.both)
  func `a record's overhead is its header, its nonce and its tag`(version: TLSVersion) throws {
    let suites = [("ECDHE-ECDSA-AES128-GCM-SHA256", 8 + 16), ("ECDHE-ECDSA-CHACHA20-POLY1305", 16)]
    for (suite, cost) in version == .tls12 ? suites : [("", 1 + 16)] {
      var pair = try EnginePair.connected(version) { client, _ in
        if version == .tls12 { client.cipherList = suite }
      }
      try pair.settle()
      for count in [1, 100, 16_384] {
        _ = try pair.client.write(pattern(count))
        #expect(pair.client.drain().count == 5 + count + cost)
      }
    }
  }

  @Test(arguments: TLSVersion.both)
  func `part of a record yields nothing and asks for the rest`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.write(pattern(100))
    let record = pair.client.drain()
    for (piece, needed) in [(record[..<3], 2), (record[3..<5], record.count - 5), (record[5..<20], record.count - 20)] {
      #expect(try pair.server.feed(piece) == piece.count)
      #expect(try pair.server.read(upTo: 1000) == .needsFeed)
      #expect(pair.server.needs == .feed)
      #expect(pair.server.bytesNeeded == needed)
    }
    _ = try pair.server.feed(record[20...])
    #expect(try pair.server.read(upTo: 1000) == .done(pattern(100)))
    #expect(pair.server.bytesNeeded == 5)
  }

  @Test(arguments: TLSVersion.both)
  func `a transport that reads exactly bytesNeeded does not read ahead`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    var stream: [UInt8] = []
    var received: [UInt8] = []
    var hasWritten = false
    for _ in 0..<1000 where received.count < 1000 {
      stream += pair.client.drain()
      let needed = pair.server.bytesNeeded
      if needed > 0, needed <= stream.count {
        #expect(try pair.server.feed(stream[..<needed]) == needed)
        stream.removeFirst(needed)
      }
      received += try pair.server.readAll()
      _ = try pair.client.feed(pair.server.drain())
      _ = try pair.client.readAll()
      if pair.client.negotiated != nil, !hasWritten {
        hasWritten = true
        _ = try pair.client.write(pattern(1000))
      }
    }
    #expect(received == pattern(1000))
    #expect(stream.isEmpty)
  }

  @Test(arguments: TLSVersion.both)
  func `the caller's memory is read and not modified`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    let plaintext = pattern(40_000)
    _ = try pair.client.write(plaintext)
    #expect(plaintext == pattern(40_000))
    let ciphertext = pair.client.drain()
    let copy = ciphertext.map { $0 }
    _ = try pair.server.absorb(ciphertext)
    #expect(ciphertext == copy)
  }

  @Test(arguments: TLSVersion.both)
  func `the caller's memory is never overrun`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    _ = try pair.client.write(pattern(5000))
    _ = try pair.server.feed(pair.client.drain())
    var received: [UInt8] = []
    unsafe withUnsafeTemporaryAllocation(byteCount: 200, alignment: 1) { memory in
      for size in [0, 1, 2, 99, 100] {
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xaa)
        // The span covers the first bytes; those after it must not change.
        var output = unsafe OutputRawSpan(
          buffer: UnsafeMutableRawBufferPointer(rebasing: memory[..<size]), initializedCount: 0)
        let step = try? pair.server.read(into: &output)
        #expect(step == .done(size))
        #expect(output.byteCount == size)
        #expect(unsafe memory[size...].allSatisfy { $0 == 0xaa })
        unsafe received.append(contentsOf: memory[..<size])
      }
    }
    received += try pair.server.readAll()
    #expect(received == pattern(5000))
  }

  @Test(arguments: TLSVersion.both)
  func `the output limit is reported, and draining lifts it`(version: TLSVersion) throws {
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 20_000 }
    var pair = try EnginePair.connected(version, limits: limits)
    try pair.settle()
    let plaintext = pattern(200_000)
    var sent = 0
    var received: [UInt8] = []
    var refusals = 0
    for _ in 0..<1000 where received.count < plaintext.count {
      switch try pair.client.write(plaintext[sent...]) {
      case .done(let count): sent += count
      case .needsDrain:
        refusals += 1
        received += try pair.server.absorb(pair.client.drain())
      default: Issue.record("neither written nor to be drained")
      }
      #expect(pair.client.pendingOutputByteCount <= limits.pendingOutputByteCount + 16_640)
      if sent == plaintext.count { received += try pair.server.absorb(pair.client.drain()) }
    }
    #expect(received == plaintext)
    #expect(refusals > 3)
  }

  @Test(arguments: TLSVersion.both)
  func `available plaintext is known without reading`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(pair.server.needs == .feed)
    _ = try pair.client.write([1, 2])
    let record = pair.client.drain()
    _ = try pair.server.feed(record)
    #expect(pair.server.needs == .read)
    _ = try pair.server.read(upTo: 1)
    #expect(pair.server.needs == .read)
    _ = try pair.server.read(upTo: 5)
    #expect(pair.server.needs == .feed)
  }

  @Test(arguments: TLSVersion.both)
  func `output is reported even if the call that produced it needs input`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    #expect(try pair.client.handshake() == .needsFeed)
    #expect(pair.client.needs == [.feed, .drain])
    _ = try pair.server.feed(pair.client.drain())
    #expect(pair.server.needs == [.feed, .drain])
    #expect(pair.client.needs == .feed)
  }
}
