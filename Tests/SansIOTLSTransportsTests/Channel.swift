import Glibc
import SansIOTLSTestKit

/// The two ends of a pipe or socket pair, and blocking calls that move everything.
///
/// All ends close on exec: one that a program of another test inherited would keep its peer from reading an end.
struct Channel: Sendable {
  let reading: Int32
  let writing: Int32

  /// A pipe.
  static func pipe() -> Channel {
    var ends: [Int32] = [0, 0]
    // Sound: pipe(2) writes two numbers into an array of two.
    precondition(unsafe Glibc.pipe(&ends) == 0)
    closeOnExec(ends)
    return Channel(reading: ends[0], writing: ends[1])
  }

  /// Swift does not see the calls that would do it at once, pipe2(2) and accept4(2): what is left is a moment.
  private static func closeOnExec(_ ends: [Int32]) {
    for end in ends { precondition(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
  }

  /// A pair of stream sockets, connected to each other.
  static func socketPair() -> (Int32, Int32) {
    var ends: [Int32] = [0, 0]
    // Sound: socketpair(2) writes two numbers into an array of two.
    precondition(unsafe socketpair(AF_UNIX, streamType, 0, &ends) == 0)
    return (ends[0], ends[1])
  }

  private static let streamType = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

  /// Another number for the same open file description.
  static func duplicate(_ descriptor: Int32) -> Int32 { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }

  /// A connection over TCP, with buffers so narrow that what is sent soon waits for its reader.
  static func connection() -> (Int32, Int32) {
    let (listening, near) = (socket(AF_INET, streamType, 0), socket(AF_INET, streamType, 0))
    defer { close(listening) }
    var width: Int32 = 65_536
    for end in [listening, near] {
      for option in [SO_SNDBUF, SO_RCVBUF] {
        // Sound: the number lives through the call and has the size that is given.
        precondition(unsafe setsockopt(end, SOL_SOCKET, option, &width, 4) == 0)
      }
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    // Sound: the address lives through the calls and has the size that is given.
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

  /// Both ends of a pseudo-terminal.
  ///
  /// - Parameters:
  ///   - isRaw: whether bytes pass unchanged.
  ///   - minimum: how many bytes a read of a raw one waits for, once the first has come.
  static func terminal(isRaw: Bool = true, minimum: UInt8 = 1) -> (primary: Int32, secondary: Int32) {
    var (primary, secondary): (Int32, Int32) = (-1, -1)
    var settings = termios()
    // Sound: the numbers and the settings live through the calls, and the two places are in the array; no name is asked
    // for.
    if isRaw {
      unsafe cfmakeraw(&settings)
      unsafe withUnsafeMutableBytes(of: &settings.c_cc) { characters in
        unsafe characters[Int(VMIN)] = minimum
        // In tenths of a second from byte to byte: as long as can be said.
        unsafe characters[Int(VTIME)] = minimum > 1 ? 255 : 0
      }
      precondition(unsafe openpty(&primary, &secondary, nil, &settings, nil) == 0)
    } else {
      precondition(unsafe openpty(&primary, &secondary, nil, nil, nil) == 0)
    }
    closeOnExec([primary, secondary])
    return (primary, secondary)
  }

  /// Writes all bytes and closes; stops where nobody reads.
  static func send(_ bytes: [UInt8], to descriptor: Int32) {
    sendAll(bytes[...], to: descriptor)
    close(descriptor)
  }

  /// Writes all bytes, and leaves the descriptor open.
  ///
  /// - Returns: whether a reader took them all.
  @discardableResult
  static func sendAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
    // The tests' own threads are no concern of the library: whoever writes here does so without SIGPIPE.
    var set = sigset_t()
    // Sound: the set lives through the calls; the slice too, and its rest has the length that is given.
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
      // Sound: the array lives through the call and is as long as it says.
      let count = unsafe read(descriptor, &chunk, min(chunk.count, limit - bytes.count))
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      bytes += chunk[..<count]
    }
    close(descriptor)
    return bytes
  }

  /// Copies up to the end of file, or `limit` bytes, and closes both unless told otherwise.
  static func copy(from source: Int32, to target: Int32, limit: Int, closes: Bool = true) {
    var rest = limit
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while rest > 0 {
      // Sound: the array lives through the calls and is as long as it says.
      let count = unsafe read(source, &chunk, min(chunk.count, rest))
      if count < 0 && errno == EINTR { continue }
      if count <= 0 || !sendAll(chunk[..<count], to: target) { break }
      rest -= count
    }
    if closes { for end in [source, target] { close(end) } }
  }

  /// Bytes without a pattern that buffer sizes could hit, the same in each run.
  static func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SplitMix(seed: seed)
    // A prime number of fresh bytes, and then their repetition, which costs less.
    var bytes = (0..<min(count, 65_521)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    while bytes.count < count { bytes += bytes.prefix(count - bytes.count) }
    return bytes
  }
}
