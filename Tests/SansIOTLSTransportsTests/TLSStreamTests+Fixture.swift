import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Synchronization

/// Transports, delegates and clocks that do as a test wants.
extension TLSStreamTests {
  /// Fails at the n-th call of a kind, and counts them.
  final class Failing: ByteTransport {
    struct Broken: Error {}
    let base: MemoryTransport
    private let receives: Mutex<Int>
    private let sends: Mutex<Int>
    private let ends = Mutex(0)
    /// How many calls will not fail yet.
    var receivesLeft: Int { receives.withLock { $0 } }
    var sendsLeft: Int { sends.withLock { $0 } }
    /// How often the end was asked for.
    var endCount: Int { ends.withLock { $0 } }

    init(_ base: MemoryTransport, receives: Int = .max, sends: Int = .max) {
      self.base = base
      self.receives = Mutex(receives)
      self.sends = Mutex(sends)
    }

    private func count(_ left: borrowing Mutex<Int>) throws(Broken) {
      if left.withLock({
        $0 -= 1; return $0 < 0
      }) {
        throw Broken()
      }
    }

    func receive(upTo count: Int) async throws(Broken) -> [UInt8]? {
      try self.count(receives)
      return await base.receive(upTo: count)
    }
    func send(_ bytes: [UInt8]) async throws(Broken) {
      try count(sends)
      await base.send(bytes)
    }
    func closeOutput() async throws(Broken) {
      ends.withLock { $0 += 1 }
      await base.closeOutput()
    }
  }

  /// Fails where the other end stops.
  struct Reset: ByteTransport {
    struct Broken: Error {}
    let base: MemoryTransport
    func receive(upTo count: Int) async throws(Broken) -> [UInt8]? {
      guard let bytes = await base.receive(upTo: count) else { throw Broken() }
      return bytes
    }
    func send(_ bytes: [UInt8]) async throws(Broken) { await base.send(bytes) }
    func closeOutput() async throws(Broken) { await base.closeOutput() }
  }

  /// Messages that are what a descriptor gives at once.
  struct Cut: MessageTransport {
    let base: FileDescriptorTransport
    var maximumMessageSize: Int { 1000 }
    func receiveMessage() async throws(TransportError) -> [UInt8]? { try await base.receive(upTo: 1000) }
    func sendMessage(_ message: [UInt8]) async throws(TransportError) { try await base.send(message) }
    func closeOutput() async throws(TransportError) { try await base.closeOutput() }
  }

  /// Answers as soon as it is allowed to, cancelled or not.
  final class Late: TLSStreamDelegate {
    private let state = Mutex((isAsked: false, isAllowed: false))
    var isAsked: Bool { state.withLock { $0.isAsked } }
    func allow() { state.withLock { $0.isAllowed = true } }
    func answer(_ question: TLSEngine.Question) async -> TLSEngine.Answer {
      state.withLock { $0.isAsked = true }
      while !state.withLock({ $0.isAllowed }) { await Task.yield() }
      return .accept
    }
  }

  /// A clock that is set by hand.
  final class ManualClock: Clock {
    struct Instant: InstantProtocol {
      var seconds: Int
      func advanced(by duration: Swift.Duration) -> Instant {
        Instant(seconds: seconds + Int(duration.components.seconds))
      }
      func duration(to other: Instant) -> Swift.Duration { .seconds(other.seconds - seconds) }
      static func < (left: Instant, right: Instant) -> Bool { left.seconds < right.seconds }
    }
    private struct State {
      var now = 0
      var sleepers: [(Int, CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())
    var now: Instant { Instant(seconds: state.withLock { $0.now }) }
    var minimumResolution: Swift.Duration { .seconds(1) }
    var hasSleepers: Bool { state.withLock { !$0.sleepers.isEmpty } }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.now >= deadline.seconds { return true }
          state.sleepers.append((deadline.seconds, continuation))
          return false
        }
        if isOver { continuation.resume() }
      }
    }

    func advance(to seconds: Int) {
      let ready = state.withLock { state in
        state.now = seconds
        defer { state.sleepers.removeAll { $0.0 <= seconds } }
        return state.sleepers.filter { $0.0 <= seconds }.map(\.1)
      }
      for continuation in ready { continuation.resume() }
    }
  }

  /// Lets all other tasks come to where they wait.
  static func settle() async { for _ in 0..<1000 { await Task.yield() } }

  /// Both ends, the handshake done; the client's transport wrapped.
  func connected<Near: ByteTransport>(
    _ version: TLSVersion? = nil, capacity: Int = 65_536, _ wrap: (MemoryTransport) -> Near
  ) async throws -> (client: TLSStream<Near>, server: Memory, near: Near, far: MemoryTransport) {
    let contexts = try Self.contexts(version)
    let (base, far) = MemoryTransport.pair(capacity: capacity)
    let near = wrap(base)
    let client = TLSStream(try Self.clientEngine(contexts.client), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    return (client, server, near, far)
  }
}
