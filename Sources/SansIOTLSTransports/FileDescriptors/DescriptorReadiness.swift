#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The state of a descriptor at this moment.
///
/// Corresponds to `poll(2)` without waiting.
enum DescriptorReadiness {
  /// Whether a descriptor is ready at this moment, or has failed or ended.
  ///
  /// - Parameter events: POLLIN or POLLOUT.
  /// - Returns: `false` if a signal interrupted `poll(2)`.
  static func isReady(_ number: Int32, _ events: Int16) -> Bool {
    var entry = pollfd(fd: number, events: events, revents: 0)
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
}
