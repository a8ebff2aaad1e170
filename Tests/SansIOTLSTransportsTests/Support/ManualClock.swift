import Synchronization

/// A clock that the test sets.
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
