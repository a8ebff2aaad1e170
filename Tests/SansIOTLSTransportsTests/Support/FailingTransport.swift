import SansIOTLSTransports
import Synchronization

/// A transport that counts its calls and fails at a chosen call of each kind.
final class FailingTransport: ByteTransport {
  struct Broken: Error {}
  let base: MemoryTransport
  private let receives: Mutex<Int>
  private let sends: Mutex<Int>
  private let ends = Mutex(0)
  /// The number of calls before the first that fails.
  var receivesLeft: Int { receives.withLock { $0 } }
  var sendsLeft: Int { sends.withLock { $0 } }
  /// The number of calls of ``closeOutput()``.
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
    base.closeOutput()
  }
}
