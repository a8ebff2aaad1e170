#if SANITIZE_THREAD
  #if canImport(Darwin)
    internal import Darwin
  #elseif canImport(Musl)
    internal import Musl
  #else
    internal import Glibc
  #endif

  /// Replaces `Synchronization.Mutex` in builds with the thread sanitizer (`-DSANITIZE_THREAD`; see
  /// `Tests/Streams/check`). On Linux the slow path of that mutex is in a library that is not instrumented: even a
  /// program of ten lines that only waits for it is reported. The sanitizer knows the mutex of POSIX.
  ///
  /// `@unchecked Sendable`: the protected value is accessed only by `withLock`.
  package struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    package init(_ initial: consuming sending Value) {
      unsafe mutex = .allocate(capacity: 1)
      unsafe value = .allocate(capacity: 1)
      unsafe mutex.initialize(to: pthread_mutex_t())
      unsafe pthread_mutex_init(mutex, nil)
      unsafe value.initialize(to: initial)
    }

    deinit {
      unsafe pthread_mutex_destroy(mutex)
      unsafe value.deinitialize(count: 1)
      unsafe mutex.deallocate()
      unsafe value.deallocate()
    }

    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
      _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
      unsafe pthread_mutex_lock(mutex)
      defer { unsafe pthread_mutex_unlock(mutex) }
      return try unsafe body(&value.pointee)
    }
  }
#endif
