import SansIOTLS

/// The same loop with two engines.
/// Pointers: the buffer is valid as long as the object, and one `read` at a time uses it.
@safe
final class EngineLoop: Loop {
  private let scenario: Scenario
  private let contexts: EngineContexts
  private let pair: EnginePair?
  /// The session that the next handshake resumes.
  private var session: TLSSession?
  private let message: [UInt8]
  private let buffer: UnsafeMutableRawBufferPointer

  init(_ scenario: Scenario, _ contexts: EngineContexts) throws {
    self.scenario = scenario
    self.contexts = contexts
    let size =
      switch scenario.work {
      case .handshake, .resumedHandshake: 0
      case .message(let bytes), .roundTrip(let bytes): bytes
      }
    pair = size == 0 ? nil : try EnginePair(contexts)
    session = if case .resumedHandshake = scenario.work { try EnginePair.session(contexts) } else { nil }
    message = Array(repeating: 0x5a, count: size)
    unsafe buffer = .allocate(byteCount: size, alignment: 16)
  }

  deinit { unsafe buffer.deallocate() }

  func run(_ count: Int) throws {
    guard let pair else {
      for _ in 0..<count {
        var client = try contexts.makeClient(session)
        var server = try contexts.makeServer()
        try EnginePair.connect(&client, &server) {
          if session != nil, case .sessionTicket(let next) = $0 { session = next }
        }
      }
      return
    }
    try exchange(&pair.client, &pair.server, count)
  }

  /// Runs all repetitions with one access to each engine, as with local variables.
  private func exchange(_ client: inout TLSEngine, _ server: inout TLSEngine, _ count: Int) throws(TLSError) {
    let message = self.message
    // The raw bytes of a span count as unsafe for types with padding; UInt8 has none.
    let plaintext = unsafe message.span.bytes
    if case .roundTrip = scenario.work {
      for _ in 0..<count {
        try pass(plaintext, from: &client, to: &server)
        try pass(plaintext, from: &server, to: &client)
      }
    } else {
      for _ in 0..<count { try pass(plaintext, from: &client, to: &server) }
    }
  }

  /// Transfers one message from `source` to `target`.
  private func pass(_ plaintext: RawSpan, from source: inout TLSEngine, to target: inout TLSEngine) throws(TLSError) {
    var sent = 0
    var arrived = 0
    while arrived < plaintext.byteCount {
      if sent < plaintext.byteCount, case .done(let count) = try source.write(plaintext.extracting(droppingFirst: sent))
      {
        sent += count
      }
      try source.drain { (segment) throws(TLSError) in try target.feed(segment) }
      while arrived < sent {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[arrived...])
        var output = unsafe OutputRawSpan(buffer: rest, initializedCount: 0)
        guard case .done(let count) = try target.read(into: &output) else { break }
        arrived += count
      }
    }
  }
}
