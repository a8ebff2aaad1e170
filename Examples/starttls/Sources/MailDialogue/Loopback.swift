public import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The parts of TCP on 127.0.0.1 that the example needs.
public enum Loopback {
  /// Opens a port that the system chooses.
  ///
  /// - Returns: the listening descriptor and the port's number.
  /// - Throws: `TransportError` if the system has no free port or descriptor.
  public static func listen() throws(TransportError) -> (descriptor: Int32, port: UInt16) {
    let descriptor = try socket()
    var address = address(port: 0)
    // Sound: the address is valid during the calls, and the size is its own.
    let isBound = unsafe withUnsafeMutableBytes(of: &address) { bytes in
      let pointer = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      var size = socklen_t(bytes.count)
      guard unsafe bind(descriptor, pointer, size) == 0, system_listen(descriptor, 16) == 0 else { return false }
      return unsafe getsockname(descriptor, pointer, &size) == 0
    }
    guard isBound else { throw failure(closing: descriptor) }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  /// Waits for the next connection.
  ///
  /// A connection that fails before it is accepted, and a temporary lack of descriptors, do not end the wait.
  ///
  /// - Parameter descriptor: the listening descriptor.
  /// - Returns: the connection.
  /// - Throws: `TransportError` if the listening descriptor is not usable.
  public static func accept(_ descriptor: Int32) throws(TransportError) -> FileDescriptorTransport {
    while true {
      do throws(TransportError) {
        let connection = system_accept(descriptor)
        guard connection >= 0 else { throw TransportError(.prepare, number: errno) }
        return FileDescriptorTransport(try NonblockingDescriptorPair(reading: connection, writing: connection))
      } catch {
        switch error.number {
        case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH: continue
        // The connection is still pending, and the next call would fail at once: wait for others to end.
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: _ = poll(nil, 0, 100)
        default: throw error
        }
      }
    }
  }

  /// Connects to a port.
  ///
  /// - Parameter port: the port's number.
  /// - Returns: the connection.
  /// - Throws: `TransportError`, for example `ECONNREFUSED`.
  public static func connect(port: UInt16) throws(TransportError) -> FileDescriptorTransport {
    let descriptor = try socket()
    var address = address(port: port)
    // Sound: the address is valid during the call, and the size is its own.
    let isConnected = unsafe withUnsafeBytes(of: &address) { bytes in
      unsafe system_connect(
        descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0
    }
    guard isConnected else { throw failure(closing: descriptor) }
    return FileDescriptorTransport(try NonblockingDescriptorPair(reading: descriptor, writing: descriptor))
  }

  private static func failure(closing descriptor: Int32) -> TransportError {
    let error = TransportError(.prepare, number: errno)
    close(descriptor)
    return error
  }

  private static func socket() throws(TransportError) -> Int32 {
    #if canImport(Glibc)
      let type = Int32(SOCK_STREAM.rawValue)
    #else
      let type = SOCK_STREAM
    #endif
    let descriptor = system_socket(AF_INET, type, 0)
    guard descriptor >= 0 else { throw TransportError(.prepare, number: errno) }
    return descriptor
  }

  private static func address(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }
}

// The methods above hide the functions of the same names.
private func system_accept(_ descriptor: Int32) -> Int32 { accept(descriptor, nil, nil) }

private func system_connect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
  unsafe connect(descriptor, address, size)
}

private func system_socket(_ domain: Int32, _ type: Int32, _ number: Int32) -> Int32 { socket(domain, type, number) }

private func system_listen(_ descriptor: Int32, _ backlog: Int32) -> Int32 { listen(descriptor, backlog) }
