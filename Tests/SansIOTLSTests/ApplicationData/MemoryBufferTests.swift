import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The engine's two ends as byte buffers: what CPython's MemoryBIO, swift-nio-ssl's byte buffer BIO and pyOpenSSL's BIO
/// connections promise, where it applies.
@Suite(.tags(.behaviour))
struct MemoryBufferTests {
  /// A copy of a span's bytes.
  private static func bytes(of span: RawSpan) -> [UInt8] { unsafe span.withUnsafeBytes { unsafe Array($0) } }

  /// Takes at most `count` bytes.
  private func drain(_ engine: inout TLSEngine, upTo count: Int) -> [UInt8] {
    [UInt8](capacity: count) { (output: inout OutputSpan<UInt8>) in
      var bytes: [UInt8] = []
      engine.drain { (segment: RawSpan) in
        let taken = min(segment.byteCount, count - bytes.count)
        bytes += Self.bytes(of: segment).prefix(taken)
        return taken
      }
      for byte in bytes { output.append(byte) }
    }
  }

  @Test(arguments: TLSVersion.both)
  func `written data is received unchanged and in order`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    #expect(try pair.client.write("foo".utf8) == .done(3))
    #expect(try pair.client.write(Array("bar".utf8)) == .done(3))
    #expect(try pair.server.feed(pair.client.drain()) > 0)
    #expect(try pair.server.read(upTo: 100) == .done(Array("foobar".utf8)))
    #expect(try pair.server.read(upTo: 100) == .needsFeed)
  }

  @Test(arguments: TLSVersion.both)
  func `a short read returns a part and the next read the rest`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.write("foobar".utf8)
    _ = try pair.server.feed(pair.client.drain())
    #expect(try pair.server.read(upTo: 2) == .done(Array("fo".utf8)))
    #expect(pair.server.needs == .read)
    #expect(try pair.server.read(upTo: 3) == .done(Array("oba".utf8)))
    #expect(try pair.server.read(upTo: 3) == .done(Array("r".utf8)))
    #expect(try pair.server.read(upTo: 3) == .needsFeed)
  }

  @Test func `a short drain returns a part and the next drain the rest`() throws {
    let context = try TLSContext(.client())
    var engine = try TLSEngine(.client(serverName: .dns("localhost")), context: context)
    let total = engine.pendingOutputByteCount
    var pieces = drain(&engine, upTo: 5)
    #expect(pieces.count == 5)
    #expect(engine.pendingOutputByteCount == total - 5)
    pieces += drain(&engine, upTo: 7)
    pieces += engine.drain()
    #expect(pieces.count == total)
    #expect(recordLengths(pieces) == [total])
    #expect(engine.drain() == [])
    #expect(engine.pendingOutputByteCount == 0)
  }

  @Test func `a drain into memory fills the available space and no more`() throws {
    let context = try TLSContext(.client())
    var engine = try TLSEngine(.client(serverName: .dns("localhost")), context: context)
    let total = engine.pendingOutputByteCount
    unsafe withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { memory in
      unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xaa)
      // The span covers the first half; the second must stay as it is.
      var output = unsafe OutputRawSpan(
        buffer: UnsafeMutableRawBufferPointer(rebasing: memory[..<32]), initializedCount: 0)
      engine.drain(into: &output)
      #expect(output.byteCount == 32)
      #expect(output.freeCapacity == 0)
      engine.drain(into: &output)
      #expect(output.byteCount == 32)
      let isUntouched = unsafe memory[32...].allSatisfy { $0 == 0xaa }
      #expect(isUntouched)
    }
    #expect(engine.pendingOutputByteCount == total - 32)
  }

  @Test func `a drain whose closure throws keeps the bytes`() throws {
    struct Full: Error {}
    let context = try TLSContext(.client())
    var engine = try TLSEngine(.client(serverName: .dns("localhost")), context: context)
    let total = engine.pendingOutputByteCount
    do throws(Full) {
      try engine.drain { (_: RawSpan) throws(Full) -> Int in throw Full() }
      Issue.record("the drain did not throw")
    } catch {}
    #expect(engine.pendingOutputByteCount == total)
    #expect(engine.drain().count == total)
  }

  @Test(arguments: TLSVersion.both)
  func `the end of input is reported after all data before it, and permanently`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.write("foo".utf8)
    _ = try pair.server.feed(pair.client.drain())
    pair.server.feedEOF()
    #expect(try pair.server.read(upTo: 2) == .done(Array("fo".utf8)))
    #expect(pair.server.needs == .read)
    #expect(try pair.server.read(upTo: 2) == .done(Array("o".utf8)))
    for _ in 0..<3 {
      #expect(thrownError { _ = try pair.server.read(upTo: 2) }?.code == .truncated)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `the count of pending output follows every write and every drain`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    var expected = 0
    for size in [1, 10, 100, 16_384, 3, 40_000] {
      #expect(try pair.client.write(pattern(size)) == .done(size))
      #expect(pair.client.pendingOutputByteCount > expected + size)
      expected = pair.client.pendingOutputByteCount
    }
    while expected > 0 {
      let taken = drain(&pair.client, upTo: 1234)
      #expect(taken.count == min(1234, expected))
      expected -= taken.count
      #expect(pair.client.pendingOutputByteCount == expected)
      #expect(pair.client.needs.contains(.drain) == (expected > 0))
    }
  }

  @Test(arguments: TLSVersion.both)
  func `arrays, slices, spans and sequences are accepted alike`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    let array: [UInt8] = [1, 2, 3, 4]
    #expect(try pair.client.write(array) == .done(4))
    #expect(try pair.client.write(array[1...2]) == .done(2))
    #expect(try pair.client.write(unsafe array.span.bytes) == .done(4))
    #expect(try pair.client.write(array.lazy.reversed()) == .done(4))
    #expect(try pair.client.write(stride(from: 9, to: 12, by: 1).lazy.map { UInt8($0) }) == .done(3))
    let ciphertext = pair.client.drain()
    var fed = try pair.server.feed(ciphertext[..<10])
    fed += try pair.server.feed(Array(ciphertext[10..<20]))
    let rest = Array(ciphertext[20...])
    fed += try pair.server.feed(unsafe rest.span.bytes)
    #expect(fed == ciphertext.count)
    #expect(try pair.server.readAll() == [1, 2, 3, 4, 2, 3, 1, 2, 3, 4, 4, 3, 2, 1, 9, 10, 11])
  }

  @Test(arguments: TLSVersion.both)
  func `both kinds of output span are filled after their contents`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    _ = try pair.client.write("foobar".utf8)
    _ = try pair.server.feed(pair.client.drain())
    let first = [UInt8](capacity: 4) { (output: inout OutputSpan<UInt8>) in
      output.append(UInt8(ascii: ">"))
      let step = try? pair.server.read(into: &output)
      #expect(step == .done(3))
    }
    #expect(first == Array(">foo".utf8))
    unsafe withUnsafeTemporaryAllocation(byteCount: 8, alignment: 1) { memory in
      var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      unsafe output.append(UInt8(ascii: ">"), as: UInt8.self)
      let step = try? pair.server.read(into: &output)
      #expect(step == .done(3))
      let count = unsafe output.finalize(for: memory)
      #expect(unsafe Array(memory.prefix(count)) == Array(">bar".utf8))
    }
  }

  @Test(arguments: TLSVersion.both)
  func `many small writes are drained as one buffer, in order`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    for byte in UInt8(0)..<100 { #expect(try pair.client.write([byte]) == .done(1)) }
    var ciphertext: [UInt8] = []
    var calls = 0
    pair.client.drain { (segment: RawSpan) in
      calls += 1
      ciphertext += Self.bytes(of: segment)
      return segment.byteCount
    }
    #expect(calls == 1)
    #expect(recordLengths(ciphertext).count == 100)
    #expect(recordLengths(ciphertext).reduce(0, +) == ciphertext.count)
    _ = try pair.server.feed(ciphertext)
    #expect(try pair.server.read(upTo: 1000) == .done(Array(0..<100)))
  }

  @Test(arguments: TLSVersion.both)
  func `feeding, writing and reading no bytes does nothing`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(try pair.client.feed([]) == 0)
    #expect(try pair.client.write([]) == .done(0))
    #expect(try pair.client.write("".utf8) == .done(0))
    #expect(pair.client.pendingOutputByteCount == 0)
    #expect(try pair.client.read(upTo: 0) == .done([]))
    _ = try pair.server.write([1])
    _ = try pair.client.feed(pair.server.drain())
    #expect(try pair.client.read(upTo: 0) == .done([]))
    #expect(try pair.client.read(upTo: 1) == .done([1]))
  }

  @Test(arguments: TLSVersion.both)
  func `a drained buffer that is kept does not change`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.write(pattern(5000))
    let kept = pair.client.drain()
    let copy = kept.map { $0 }
    for seed in 0..<20 {
      _ = try pair.client.write(pattern(5000, seed: UInt64(seed)))
      _ = pair.client.drain()
    }
    #expect(kept == copy)
  }

  @Test(arguments: TLSVersion.both)
  func `a full buffer accepts a part, and the rest is fed when there is space`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let plaintext = pattern(100_000)
    #expect(try pair.client.write(plaintext) == .done(plaintext.count))
    var rest = pair.client.drain()[...]
    let accepted = try pair.server.feed(rest)
    #expect(accepted > 0)
    #expect(accepted < rest.count)
    rest = rest.dropFirst(accepted)
    #expect(try pair.server.feed(rest) == 0)
    #expect(pair.server.needs == .read)
    var received: [UInt8] = []
    while received.count < plaintext.count {
      received += try pair.server.readAll()
      rest = rest.dropFirst(try pair.server.feed(rest))
    }
    #expect(rest.isEmpty)
    #expect(received == plaintext)
  }
}
