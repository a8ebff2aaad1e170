import SansIOTLSTransports

/// The work over both ends of a stream, with `read(into:)` and `write(_:)` of a span.
///
/// Pointers: the buffers are valid as long as the object, and one task at a time uses each.
@safe
final class SpanLoop<Transport: ByteTransport>: StreamLoop {
  private let work: StreamWork
  private let near: TLSStream<Transport>
  private let far: TLSStream<Transport>
  private let message: [UInt8]
  private nonisolated(unsafe) let buffers: (near: UnsafeMutableRawBufferPointer, far: UnsafeMutableRawBufferPointer)

  init(_ work: StreamWork, _ ends: (TLSStream<Transport>, TLSStream<Transport>)) {
    self.work = work
    (near, far) = ends
    message = Array(repeating: 0x5a, count: work.messageSize)
    unsafe buffers = (.allocate(byteCount: 65_536, alignment: 16), .allocate(byteCount: 65_536, alignment: 16))
  }

  deinit {
    unsafe buffers.near.deallocate()
    unsafe buffers.far.deallocate()
  }

  func run(_ count: Int) async throws -> Int {
    async let answered = answer(count)
    var calls = 0
    // A span depends on a local value.
    let message = self.message
    for _ in 0..<count {
      try await near.write(message.span)
      calls += 1
      if work == .roundTrip { calls += unsafe try await Self.read(message.count, from: near, buffers.near) }
    }
    return try await calls + answered
  }

  private func answer(_ count: Int) async throws -> Int {
    let message = self.message
    if work == .bulk { return unsafe try await Self.read(count * message.count, from: far, buffers.far) }
    var calls = 0
    for _ in 0..<count {
      calls += unsafe try await Self.read(message.count, from: far, buffers.far)
      try await far.write(message.span)
      calls += 1
    }
    return calls
  }

  /// - Returns: The number of calls.
  private static func read(
    _ count: Int, from end: TLSStream<Transport>, _ buffer: UnsafeMutableRawBufferPointer
  ) async throws -> Int {
    var rest = count
    var calls = 0
    while rest > 0 {
      var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      guard let count = try await end.read(into: &output) else { throw Failure("a stream ended") }
      rest -= count
      calls += 1
    }
    return calls
  }
}
