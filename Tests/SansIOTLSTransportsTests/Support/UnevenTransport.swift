import SansIOTLSTestKit
import SansIOTLSTransports
import Synchronization

/// A transport with calls that return at once, each of which moves a piece of a size that depends on a seed, or nothing
/// although it could. It fails at a chosen call of each kind.
final class UnevenTransport: NonblockingByteTransport {
  struct Broken: Error {}
  typealias Failure = Broken

  enum Call: CaseIterable, Sendable { case receive, send, notify }

  private struct State {
    var random: SplitMix
    /// The number of calls of each kind before the first that fails.
    var left: [Call: Int]
  }

  let base: MemoryTransport
  private let state: Mutex<State>

  init(_ base: MemoryTransport, seed: UInt64, left: [Call: Int] = [:]) {
    self.base = base
    state = Mutex(State(random: SplitMix(seed: seed), left: left))
  }

  var isNonblocking: Bool { true }

  /// Counts a call.
  ///
  /// - Returns: The size of its piece, often 0.
  private func size(_ call: Call, upTo limit: Int) throws(Broken) -> Int {
    let size: Int? = state.withLock { state in
      if state.left[call] == 0 { return nil }
      state.left[call]? -= 1
      let most = [0, 1, 5, 100, 20_000].randomElement(using: &state.random)!
      return min(Int.random(in: 0...most, using: &state.random), limit)
    }
    guard let size else { throw Broken() }
    return size
  }

  func receive(into buffer: inout OutputRawSpan) throws(Broken) -> TransportReading {
    let size = try size(.receive, upTo: buffer.freeCapacity)
    if size == 0 { return .wouldBlock }
    // Sound: the memory lives through the closure, and as many bytes are copied as were initialized.
    let (bytes, reading) = unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { memory in
      var piece = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      let reading = base.receive(into: &piece)
      return (unsafe Array(memory[..<piece.finalize(for: memory)]), reading)
    }
    for byte in bytes { unsafe buffer.append(byte, as: UInt8.self) }
    return reading
  }

  func send(_ bytes: RawSpan) throws(Broken) -> Int {
    let size = try size(.send, upTo: bytes.byteCount)
    return size == 0 ? 0 : base.send(bytes.extracting(first: size))
  }

  func notify(when direction: TransportDirection, _ notification: @escaping @Sendable () -> Void) throws(Broken) {
    _ = try size(.notify, upTo: 0)
    base.notify(when: direction, notification)
  }

  func finishTransfers() { base.finishTransfers() }
  func closeOutput() { base.closeOutput() }

  // A stream has no use for these.
  func receive(upTo count: Int) async throws(Broken) -> [UInt8]? { await base.receive(upTo: count) }
  func send(_ bytes: [UInt8]) async throws(Broken) { await base.send(bytes) }
}
