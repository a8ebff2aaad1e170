#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A stream socket in the file system, whose calls end after a limited time.
public struct UnixSocket: ~Copyable, Sendable {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Connects to a socket that listens at a path.
  ///
  /// - Parameters:
  ///   - path: 1 to 100 bytes.
  ///   - seconds: the time after which a read or a write fails.
  /// - Throws: ``AgentError``.
  public static func connect(to path: String, seconds: Int) throws(AgentError) -> UnixSocket {
    let socket = try UnixSocket(opened: seconds)
    let result = try address(path, system_connect, socket.descriptor)
    guard result == 0 else { throw AgentError("the agent at \(path) cannot be reached (\(cause))") }
    return socket
  }

  /// Listens at a path, where no file may be; the file is the owner's alone.
  ///
  /// - Parameter path: 1 to 100 bytes.
  /// - Throws: ``AgentError``.
  public static func listen(at path: String) throws(AgentError) -> UnixSocket {
    let socket = try UnixSocket(opened: 0)
    let mask = umask(0o077)
    let result = try address(path, system_bind, socket.descriptor)
    umask(mask)
    guard result == 0, system_listen(socket.descriptor) == 0 else {
      throw AgentError("cannot listen at \(path) (\(cause))")
    }
    return socket
  }

  /// Waits for the next connection.
  ///
  /// - Parameter seconds: the time after which a read or a write of the connection fails.
  /// - Throws: ``AgentError``.
  public func accept(seconds: Int) throws(AgentError) -> UnixSocket {
    let connection = system_accept(descriptor)
    guard connection >= 0 else { throw AgentError("cannot accept (\(Self.cause))") }
    let socket = UnixSocket(connection)
    socket.limit(seconds)
    return socket
  }

  /// Reads exactly so many bytes.
  ///
  /// - Throws: ``AgentError`` at the end of the stream, or if it takes too long.
  public func read(_ count: Int) throws(AgentError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      // Sound: the slice has room for what is asked for.
      let result = unsafe bytes.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress! + done, count - done, 0)
      }
      if result < 0 && errno == EINTR { continue }
      if result == 0 { throw AgentError("the other side closed before it answered") }
      guard result > 0 else { throw AgentError("cannot read (\(Self.cause))") }
      done += result
    }
    return bytes
  }

  /// Writes all bytes.
  ///
  /// - Throws: ``AgentError`` if the other side is gone, or if it takes too long.
  public func write(_ bytes: [UInt8]) throws(AgentError) {
    var done = 0
    while done < bytes.count {
      // Sound: the slice lies in the array. Without a signal: the process must not end with its peer.
      let result = unsafe bytes.withUnsafeBytes {
        unsafe system_send(descriptor, $0.baseAddress! + done, bytes.count - done)
      }
      if result < 0 && errno == EINTR { continue }
      guard result > 0 else { throw AgentError("cannot write (\(Self.cause))") }
      done += result
    }
  }

  private init(opened seconds: Int) throws(AgentError) {
    #if canImport(Glibc)
      descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #else
      descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #endif
    guard descriptor >= 0 else { throw AgentError("no socket (\(Self.cause))") }
    limit(seconds)
  }

  private func limit(_ seconds: Int) {
    var time = timeval()
    time.tv_sec = seconds
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      // Sound: the value is valid during the call, and the size is its own.
      unsafe setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  private static var cause: String {
    let number = errno
    // The text is the C library's own.
    return unsafe String(cString: strerror(number))
  }

  private static func address(
    _ path: String, _ call: (Int32, sockaddr_un) -> Int32, _ descriptor: Int32
  ) throws(AgentError) -> Int32 {
    guard (1...100).contains(path.utf8.count), !path.utf8.contains(0) else {
      throw AgentError("the path of a socket has 1 to 100 bytes and no NUL")
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // Sound: the path fits, with the NUL after it.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { place in unsafe place.copyBytes(from: path.utf8) }
    return call(descriptor, address)
  }
}

// The methods above hide the functions of the same names.

private func system_accept(_ descriptor: Int32) -> Int32 { accept(descriptor, nil, nil) }

private func system_listen(_ descriptor: Int32) -> Int32 { listen(descriptor, 64) }

private func system_send(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  unsafe send(descriptor, bytes, count, Int32(MSG_NOSIGNAL))
}

private func system_bind(_ descriptor: Int32, _ address: sockaddr_un) -> Int32 {
  // Sound: the address is valid during the call, and the size is its own.
  unsafe withUnsafeBytes(of: address) { bytes in
    unsafe bind(descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
  }
}

private func system_connect(_ descriptor: Int32, _ address: sockaddr_un) -> Int32 {
  // Sound: as above.
  unsafe withUnsafeBytes(of: address) { bytes in
    unsafe connect(descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
  }
}
