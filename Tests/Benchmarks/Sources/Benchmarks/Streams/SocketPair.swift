import SansIOTLSTransports

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A pair of connected Unix stream sockets.
enum SocketPair {
  /// Creates both ends as descriptors.
  static func descriptors() throws -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    #if canImport(Darwin)
      let type = SOCK_STREAM
    #else
      let type = Int32(SOCK_STREAM.rawValue)
    #endif
    // Sound: socketpair(2) writes two numbers into an array of two.
    guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw Failure("no socket pair: error \(errno); see ulimit -n")
    }
    return (ends[0], ends[1])
  }

  /// Creates both ends as transports.
  static func transports() throws -> (FileDescriptorTransport, FileDescriptorTransport) {
    let (near, far) = try descriptors()
    return (try transport(near), try transport(far))
  }

  /// Creates a transport that owns one end.
  static func transport(_ end: Int32) throws -> FileDescriptorTransport {
    FileDescriptorTransport(try NonblockingDescriptorPair(reading: end, writing: end))
  }

  /// Allows as many open descriptors as the system permits this process.
  ///
  /// - Returns: Their number.
  static func raiseLimit() -> Int {
    var limit = rlimit()
    #if canImport(Darwin)
      let resource = RLIMIT_NOFILE
    #else
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #endif
    // Sound: the limit lives through both calls.
    guard unsafe getrlimit(resource, &limit) == 0 else { return 0 }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(resource, &limit)
    return Int(clamping: limit.rlim_cur)
  }
}
