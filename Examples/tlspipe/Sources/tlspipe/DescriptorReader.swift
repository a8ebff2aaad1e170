import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A reader of several descriptors at once, which it closes.
enum DescriptorReader {
  private static let chunk = 64 * 1024

  /// Reads the descriptors.
  ///
  /// - Parameter sources: the descriptors, each with the consumer of its bytes.
  /// - Returns: the first error that prevented a descriptor from reaching its end.
  @discardableResult
  static func run(_ sources: [(descriptor: Int32, consume: (ArraySlice<UInt8>) -> Void)]) -> TransportError? {
    var failure: TransportError?
    var polled = sources.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    var buffer = [UInt8](repeating: 0, count: chunk)
    while polled.contains(where: { $0.fd >= 0 }) {
      // Sound: the arrays are valid during the calls, and the lengths are their own.
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
