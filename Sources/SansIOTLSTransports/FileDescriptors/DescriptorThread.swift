#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A thread that exists as long as the process.
enum DescriptorThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Never
    init(_ run: @escaping @Sendable () -> Never) { self.run = run }
  }

  /// Starts the thread.
  ///
  /// - Returns: Whether it was created; if not, `errno` states why.
  static func start(_ run: @escaping @Sendable () -> Never) -> Bool {
    let body = unsafe Unmanaged.passRetained(Body(run))
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    // Sound: the thread owns the reference to its body, which it holds permanently.
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        #if canImport(Darwin)
          let pointer = argument
        #else
          let pointer = unsafe argument!
        #endif
        unsafe Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
      }, body.toOpaque())
    if result != 0 {
      unsafe body.release()
      errno = result
      return false
    }
    return true
  }
}
