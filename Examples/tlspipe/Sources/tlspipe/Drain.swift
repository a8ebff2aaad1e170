import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Reads several descriptors at once until each has ended, and closes them.
enum Drain {
  private static let chunk = 64 * 1024

  /// - Parameter sources: descriptors, and what to do with what they yield.
  /// - Returns: the first error that ended one of them before its end.
  @discardableResult
  static func run(_ sources: [(descriptor: Int32, consume: (ArraySlice<UInt8>) -> Void)]) -> TransportError? {
    var failure: TransportError?
    var polled = sources.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    var buffer = [UInt8](repeating: 0, count: chunk)
    while polled.contains(where: { $0.fd >= 0 }) {
      // Sound: the arrays live through the calls and have the lengths that are given.
      guard unsafe poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
      for index in polled.indices where polled[index].fd >= 0 && polled[index].revents != 0 {
        let count = unsafe read(polled[index].fd, &buffer, chunk)
        if count > 0 {
          sources[index].consume(buffer[..<count])
        } else if count == 0 || errno != EINTR && errno != EAGAIN {
          if count < 0 && failure == nil { failure = TransportError(.read, number: errno) }
          close(polled[index].fd)
          polled[index].fd = -1
        }
      }
    }
    return failure
  }
}
