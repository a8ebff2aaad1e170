internal import Synchronization

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Waits for descriptors on behalf of all tasks of the process, on one thread of its own.
///
/// Swift's tasks share a pool of as many threads as there are processors, and a thread that blocks in `read(2)` or
/// `poll(2)` is not available to any of them: two idle connections would stop a program on two processors. So a task
/// that has to wait suspends, and this thread blocks in its place, in `poll(2)` on all descriptors with waiting tasks.
/// The first wait starts it.
///
/// It uses `poll(2)` rather than epoll or kqueue, which supports every kind of descriptor, terminals and files
/// included, on every system. Each call examines each descriptor, which suits hundreds of waiting connections and not
/// tens of thousands; a program with that many has an event loop already.
final class DescriptorWatch: Sendable {
  enum Readiness {
    case reading, writing

    fileprivate var events: Int16 { Int16(self == .reading ? POLLIN : POLLOUT) }
  }

  private struct Wait: Sendable {
    let number: Int32
    let events: Int16
    let continuation: CheckedContinuation<Void, Never>
  }

  private struct State: Sendable {
    var waits: [UInt64: Wait] = [:]
    var nextIdentifier: UInt64 = 0
    /// The pipe that wakes the thread; -1 before it is started.
    var waking: Int32 = -1
  }

  static let shared = DescriptorWatch()

  private let state = Mutex(State())

  /// Waits until a descriptor is ready or has failed, its waits are cancelled, or the task is cancelled.
  ///
  /// - Parameters:
  ///   - readiness: The readiness to wait for.
  ///   - number: Returns the descriptor's number; `nil` if it was closed. It is called under the lock of
  ///     ``cancelWaits(for:_:)``, so that a task either finds the descriptor closed or is resumed when it is. All
  ///     streams of the process share that lock: the closure must not block, least of all in a system call.
  /// - Throws: ``TransportError`` if the thread cannot be started.
  func wait(_ readiness: Readiness, for number: @Sendable () -> Int32?) async throws(TransportError) {
    try start()
    let identifier = state.withLock { state in
      state.nextIdentifier += 1
      return state.nextIdentifier
    }
    await waitForChange { continuation in
      let isRegistered = state.withLock { state in
        guard !Task.isCancelled, let number = number() else { return false }
        state.waits[identifier] = Wait(number: number, events: readiness.events, continuation: continuation)
        return true
      }
      if isRegistered { wake() }
      return isRegistered
    } withdraw: {
      // The thread still polls the descriptor, once, and finds that no task waits.
      defer { wake() }
      return state.withLock { $0.waits.removeValue(forKey: identifier) }?.continuation
    }
  }

  /// Cancels waits for a descriptor about to be closed.
  ///
  /// `poll(2)` itself would not report it: it continues with what the number referred to when it was called.
  func cancelWaits(for number: Int32, _ readiness: Readiness) {
    let cancelled = state.withLock { state in
      let waits = state.waits.filter { $0.value.number == number && $0.value.events == readiness.events }
      for identifier in waits.keys { state.waits[identifier] = nil }
      return waits.values.map(\.continuation)
    }
    if cancelled.isEmpty { return }
    for continuation in cancelled { continuation.resume() }
    wake()
  }

  /// Whether a descriptor is ready at this moment, or has failed or ended. Does not block.
  ///
  /// - Returns: `false` if a signal interrupted `poll(2)`.
  static func isReady(_ number: Int32, _ readiness: Readiness) -> Bool {
    var entry = pollfd(fd: number, events: readiness.events, revents: 0)
    // Sound: one entry, which lives through the call.
    return unsafe poll(&entry, 1, 0) > 0
  }

  /// Whether the other end of a descriptor is gone at this moment. Preserves `errno`.
  static func hasHungUp(_ number: Int32) -> Bool {
    let error = errno
    defer { errno = error }
    var entry = pollfd(fd: number, events: 0, revents: 0)
    // Sound: one entry, which lives through the call.
    return unsafe poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLHUP) != 0
  }

  private func start() throws(TransportError) {
    try state.withLock { (state) throws(TransportError) in
      if state.waking >= 0 { return }
      var ends: [Int32] = [-1, -1]
      // Sound: pipe(2) writes two numbers into an array of two.
      guard unsafe pipe(&ends) == 0 else { throw .last(.prepare) }
      for end in ends {
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
      }
      let (reading, writing) = (ends[0], ends[1])
      guard DescriptorThread.start({ [self] in run(wakenBy: reading) }) else {
        let error = TransportError.last(.prepare)
        for end in ends { _ = close(end) }
        throw error
      }
      state.waking = writing
    }
  }

  private func wake() {
    let number = state.withLock { $0.waking }
    // Sound: one byte, which lives through the call. A full pipe wakes as well.
    _ = unsafe write(number, [0] as [UInt8], 1)
  }

  /// The thread.
  private func run(wakenBy waking: Int32) -> Never {
    while true {
      let waits = state.withLock { state in Array(state.waits) }
      var set = PollSet()
      set.add(waking, Int16(POLLIN))
      for (_, wait) in waits { set.add(wait.number, wait.events) }
      // A signal, or no memory for a moment: the next call finds what this one did not.
      guard (try? set.wait()) == true else { continue }
      if set.isReady(waking, Int16(POLLIN)) { Self.empty(waking) }
      for (identifier, wait) in waits where set.isReady(wait.number, wait.events) {
        state.withLock { $0.waits.removeValue(forKey: identifier) }?.continuation.resume()
      }
    }
  }

  private static func empty(_ number: Int32) {
    var bytes = [UInt8](repeating: 0, count: 256)
    // Sound: the kernel writes at most as many bytes as there are.
    while unsafe read(number, &bytes, bytes.count) == bytes.count {}
  }
}
