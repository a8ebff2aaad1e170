import Glibc
import SansIOTLSTestKit

/// The two ends of a pipe or socket pair, and blocking calls that move everything.
struct Channel: Sendable {
  let reading: Int32
  let writing: Int32

  /// A pipe.
  static func pipe() -> Channel {
    var ends: [Int32] = [0, 0]
    // Sound: pipe(2) writes two numbers into an array of two.
    precondition(unsafe Glibc.pipe(&ends) == 0)
    return Channel(reading: ends[0], writing: ends[1])
  }

  /// A pair of stream sockets, connected to each other.
  static func socketPair() -> (Int32, Int32) {
    var ends: [Int32] = [0, 0]
    let type = Int32(SOCK_STREAM.rawValue)
    // Sound: socketpair(2) writes two numbers into an array of two.
    precondition(unsafe socketpair(AF_UNIX, type, 0, &ends) == 0)
    return (ends[0], ends[1])
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
