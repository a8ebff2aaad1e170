#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The time of day, without Foundation.
enum WallClock {
  /// The time in seconds since 1970.
  static var seconds: Int64 { Int64(time.tv_sec) }

  /// The time in nanoseconds since 1970.
  static var nanoseconds: UInt64 { UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec) }

  private static var time: timespec {
    var time = timespec()
    // Sound: the structure is valid during the call.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return time
  }
}
