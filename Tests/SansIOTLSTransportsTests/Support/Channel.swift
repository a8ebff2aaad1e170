import Glibc

/// The two ends of a pipe or socket pair, and blocking calls that move all bytes.
///
/// All ends close on exec: a program of another test that inherited one would keep its peer from reading the end.
struct Channel: Sendable {
  let reading: Int32
  let writing: Int32

  /// Creates a pipe.
  static func pipe() -> Channel {
    var ends: [Int32] = [0, 0]
    // Sound: pipe(2) writes two numbers into an array of two.
    precondition(unsafe Glibc.pipe(&ends) == 0)
    closeOnExec(ends)
    return Channel(reading: ends[0], writing: ends[1])
  }

  /// Swift cannot import the calls that would set it at once, pipe2(2) and accept4(2); a moment without it remains.
  private static func closeOnExec(_ ends: [Int32]) {
    for end in ends { precondition(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
  }

  /// Creates a pair of connected stream sockets.
  static func socketPair() -> (Int32, Int32) {
    var ends: [Int32] = [0, 0]
    // Sound: socketpair(2) writes two numbers into an array of two.
    precondition(unsafe socketpair(AF_UNIX, streamType, 0, &ends) == 0)
    return (ends[0], ends[1])
  }

  private static let streamType = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

  /// Duplicates a descriptor.
  static func duplicate(_ descriptor: Int32) -> Int32 { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }

  /// Creates a TCP connection with small buffers, so that a sender soon waits for its reader.
  static func connection() -> (Int32, Int32) {
    let (listening, near) = (socket(AF_INET, streamType, 0), socket(AF_INET, streamType, 0))
    defer { close(listening) }
    var width: Int32 = 65_536
    for end in [listening, near] {
      for option in [SO_SNDBUF, SO_RCVBUF] {
        // Sound: the number lives through the call and has the stated size.
        precondition(unsafe setsockopt(end, SOL_SOCKET, option, &width, 4) == 0)
      }
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    // Sound: the address lives through the calls and has the stated size.
    let far = unsafe withUnsafeMutableBytes(of: &address) { bytes in
      let pointer = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      var size = socklen_t(bytes.count)
      precondition(unsafe bind(listening, pointer, size) == 0 && listen(listening, 1) == 0)
      precondition(unsafe getsockname(listening, pointer, &size) == 0 && connect(near, pointer, size) == 0)
      return accept(listening, nil, nil)
    }
    closeOnExec([far])
    return (near, far)
  }

  /// Creates both ends of a pseudo-terminal.
  ///
  /// - Parameters:
  ///   - isRaw: Whether bytes pass unchanged.
  ///   - minimum: The number of bytes that a read of a raw terminal waits for after the first.
  static func terminal(isRaw: Bool = true, minimum: UInt8 = 1) -> (primary: Int32, secondary: Int32) {
    var (primary, secondary): (Int32, Int32) = (-1, -1)
    var settings = termios()
    // Sound: the numbers and the settings live through the calls, and the two places are in the array; no name is
    // requested.
    if isRaw {
      unsafe cfmakeraw(&settings)
      unsafe withUnsafeMutableBytes(of: &settings.c_cc) { characters in
        unsafe characters[Int(VMIN)] = minimum
        // In tenths of a second between two bytes: the longest possible time.
        unsafe characters[Int(VTIME)] = minimum > 1 ? 255 : 0
      }
      precondition(unsafe openpty(&primary, &secondary, nil, &settings, nil) == 0)
    } else {
      precondition(unsafe openpty(&primary, &secondary, nil, nil, nil) == 0)
    }
    closeOnExec([primary, secondary])
    return (primary, secondary)
  }

  /// Writes all bytes and closes; stops if the reader is gone.
  static func send(_ bytes: [UInt8], to descriptor: Int32) {
    sendAll(bytes[...], to: descriptor)
    close(descriptor)
  }

  /// Writes all bytes, and leaves the descriptor open.
  ///
  /// - Returns: Whether a reader accepted all of them.
  @discardableResult
  static func sendAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
    // The library does not handle SIGPIPE in the tests' own threads, so it is blocked here.
    var set = sigset_t()
    // Sound: the set lives through the calls; the slice too, and its rest has the stated length.
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGPIPE)
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress! + sent, $0.count - sent) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  /// Reads up to the end of file, or `limit` bytes, and closes.
  static func receive(from descriptor: Int32, limit: Int = .max) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while bytes.count < limit {
      // Sound: the array lives through the call and has the stated length.
      let count = unsafe read(descriptor, &chunk, min(chunk.count, limit - bytes.count))
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      bytes += chunk[..<count]
    }
    close(descriptor)
    return bytes
  }

  /// Copies up to the end of file, or `limit` bytes, and closes both unless the caller keeps one.
  static func copy(from source: Int32, to target: Int32, limit: Int, closes: Bool = true) {
    var rest = limit
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while rest > 0 {
      // Sound: the array lives through the calls and has the stated length.
      let count = unsafe read(source, &chunk, min(chunk.count, rest))
      if count < 0 && errno == EINTR { continue }
      if count <= 0 || !sendAll(chunk[..<count], to: target) { break }
      rest -= count
    }
    if closes { for end in [source, target] { close(end) } }
  }
}
