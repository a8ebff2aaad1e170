internal import Synchronization

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Waits for descriptors where the kernel has no set of its own that supports every kind of them. Each wait examines
/// each descriptor for which a task waits.
///
/// Corresponds to `poll(2)`.
final class PollPoller: Sendable {
  private struct Request: Sendable {
    let number: Int32
    let events: Int16
  }

  private let requests = Mutex<[UInt64: Request]>([:])
  private let waking: (reading: Int32, writing: Int32)

  init() throws(TransportError) {
    var ends: [Int32] = [-1, -1]
    // Sound: pipe(2) writes two numbers into an array of two.
    guard unsafe pipe(&ends) == 0 else { throw .last(.prepare) }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    waking = (ends[0], ends[1])
  }

  /// Ends the use, before the first wait.
  func close() { for number in [waking.reading, waking.writing] { _ = closeDescriptor(number) } }

  /// - Returns: `true`: poll(2) watches every kind of descriptor.
  func request(_ number: Int32, _ events: Int16, _ identifier: UInt64, isNew: Bool) -> Bool {
    requests.withLock { $0[identifier] = Request(number: number, events: events) }
    // The thread may be blocked in a wait that does not include it.
    wake()
    return true
  }

  func remove(_ number: Int32, _ identifier: UInt64) {
    if requests.withLock({ $0.removeValue(forKey: identifier) }) != nil { wake() }
  }

  /// Ends the current or next wait.
  func wake() {
    // Sound: one byte, which lives through the call. A full pipe wakes as well.
    _ = unsafe write(waking.writing, [0] as [UInt8], 1)
  }

  /// Appends the identifiers of the descriptors that are ready.
  ///
  /// - Parameter blocks: Whether it waits until there is one, or ``wake()`` was called.
  func wait(_ ready: inout [UInt64], blocks: Bool) {
    let requests = requests.withLock { $0 }
    var set = PollSet()
    set.add(waking.reading, Int16(POLLIN))
    for request in requests.values { set.add(request.number, request.events) }
    // A signal, or no memory for a moment: the next call finds what this one did not.
    guard (try? set.wait(milliseconds: blocks ? -1 : 0)) == true else { return }
    if set.isReady(waking.reading, Int16(POLLIN)) { empty() }
    for (identifier, request) in requests where set.isReady(request.number, request.events) {
      if self.requests.withLock({ $0.removeValue(forKey: identifier) }) != nil { ready.append(identifier) }
    }
  }

  private func empty() {
    var bytes = [UInt8](repeating: 0, count: 256)
    // Sound: the kernel writes at most as many bytes as there are.
    while unsafe read(waking.reading, &bytes, bytes.count) == bytes.count {}
  }
}

// The method of this name hides the function.
private func closeDescriptor(_ number: Int32) -> Int32 { close(number) }
