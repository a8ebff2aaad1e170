import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A pipe that no child process inherits by accident.
struct Pipe {
  let reading: Int32
  let writing: Int32

  /// The lowest descriptor of a pipe, so that a child's own descriptors (0 to 9) can be assigned in any order.
  static let lowest: Int32 = 16

  /// - Throws: `TransportError` if there are no descriptors left.
  init() throws(TransportError) {
    var ends: [Int32] = [-1, -1]
    // Sound: pipe(2) writes two numbers into an array of two.
    guard unsafe pipe(&ends) == 0 else { throw TransportError(.prepare, number: errno) }
    defer { for end in ends { close(end) } }
    reading = fcntl(ends[0], F_DUPFD_CLOEXEC, Self.lowest)
    writing = fcntl(ends[1], F_DUPFD_CLOEXEC, Self.lowest)
    guard reading >= 0, writing >= 0 else { throw TransportError(.prepare, number: errno) }
  }
}
