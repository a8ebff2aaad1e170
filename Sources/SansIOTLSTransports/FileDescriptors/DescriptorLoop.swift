internal import Synchronization

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A thread that waits for descriptors on behalf of tasks, and that can run tasks between two waits.
///
/// Swift's tasks share a pool of as many threads as there are processors, and a thread that blocks in `read(2)` or
/// `poll(2)` is not available to any of them: two idle connections would stop a program on two processors. So a task
/// that has to wait for a descriptor suspends, and the thread of a loop blocks in its place. ``shared`` serves every
/// ``FileDescriptorTransport`` that is given no other.
///
/// A task that is resumed on the pool costs a switch between two threads, which is most of the cost of a small message.
/// A task that prefers the loop as its executor runs on the loop's thread, as in an event loop, and needs none:
///
/// ```swift
/// let loop = DescriptorLoop.shared
/// let transport = FileDescriptorTransport(descriptors, on: loop)
/// await withTaskExecutorPreference(loop) { await serve(TLSStream(engine, over: transport)) }
/// ```
///
/// Such a task must not block, as on any executor: all descriptors and tasks of the loop wait for it.
///
/// On Linux it uses `epoll(7)`, whose cost does not depend on the number of descriptors that wait; elsewhere `poll(2)`.
public final class DescriptorLoop: TaskExecutor {
  /// The loop of transports that are given no other. It starts with the first of them that waits.
  public static let shared = DescriptorLoop()

  /// Jobs of the tasks that run here.
  private struct Jobs: ~Copyable, Sendable {
    var waiting: [UnownedJob] = []
    /// Whether the thread blocks, or is about to, until it is woken.
    var isBlocking = false
  }

  /// The descriptors by identifier.
  private struct Interests: Sendable {
    var all: [UInt64: DescriptorInterest] = [:]
    var nextIdentifier: UInt64 = 0
    /// Requests for descriptors that the kernel does not watch.
    var alwaysReady: [UInt64] = []
    /// `nil` before the thread has started.
    var poller: DescriptorPoller?
  }

  private let jobs = Mutex(Jobs())
  private let interests = Mutex(Interests())

  /// Creates a loop. Its thread starts with the first task or descriptor, and exists as long as the process: a program
  /// needs few, at most one for each processor.
  public init() {}

  // MARK: Descriptors

  /// - Returns: The identifier of the interest.
  func add(_ interest: DescriptorInterest) -> UInt64 {
    interests.withLock { interests in
      interests.nextIdentifier += 1
      interests.all[interests.nextIdentifier] = interest
      return interests.nextIdentifier
    }
  }

  /// Requests one notification of the interest with this identifier.
  func request(_ number: Int32, _ events: Int16, _ identifier: UInt64, isNew: Bool) throws(TransportError) {
    let poller = try startedPoller()
    if try poller.request(number, events, identifier, isNew: isNew) { return }
    interests.withLock { $0.alwaysReady.append(identifier) }
    poller.wake()
  }

  /// - Parameter number: The descriptor; `nil` if nothing was requested for it.
  func remove(_ identifier: UInt64, number: Int32?) {
    let poller = interests.withLock { interests in
      interests.all[identifier] = nil
      return interests.poller
    }
    if let number { poller?.remove(number, identifier) }
  }

  // MARK: Tasks

  /// Runs a job on the loop's thread.
  ///
  /// - Parameter job: The job of a task.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isBlocking = jobs.withLock { jobs in
      jobs.waiting.append(job)
      defer { jobs.isBlocking = false }
      return jobs.isBlocking
    }
    // Without a thread the task would never run, and there is no one to report it to.
    do throws(TransportError) {
      let poller = try startedPoller()
      if isBlocking { poller.wake() }
    } catch { fatalError("a descriptor loop cannot start: \(error)") }
  }

  // MARK: The thread

  /// Starts the thread, unless it has started. After a failure the next call tries again.
  private func startedPoller() throws(TransportError) -> DescriptorPoller {
    try interests.withLock { (interests) throws(TransportError) in
      if let poller = interests.poller { return poller }
      let poller = try DescriptorPoller()
      guard DescriptorThread.start({ [self] in run(poller) }) else {
        let error = TransportError.last(.prepare)
        poller.close()
        throw error
      }
      interests.poller = poller
      return poller
    }
  }

  private func run(_ poller: DescriptorPoller) -> Never {
    var batch: [UnownedJob] = []
    var ready: [UInt64] = []
    while true {
      jobs.withLock { swap(&$0.waiting, &batch) }
      for job in batch { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
      batch.removeAll(keepingCapacity: true)
      let isIdle = jobs.withLock { jobs in
        jobs.isBlocking = jobs.waiting.isEmpty
        return jobs.isBlocking
      }
      poller.wait(&ready, blocks: isIdle)
      // What this thread enqueues from here on needs no wake-up: three calls of the system.
      if isIdle { jobs.withLock { $0.isBlocking = false } }
      interests.withLock { interests in
        if interests.alwaysReady.isEmpty { return }
        ready += interests.alwaysReady
        interests.alwaysReady = []
      }
      for identifier in ready { interests.withLock { $0.all[identifier] }?.becomeReady() }
      ready.removeAll(keepingCapacity: true)
    }
  }
}
