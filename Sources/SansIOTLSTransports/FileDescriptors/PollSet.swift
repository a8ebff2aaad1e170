#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The descriptors that one call of `poll(2)` looks at.
///
/// One entry for each descriptor, however many wait for it: `poll(2)` refuses more entries than the process may have
/// descriptors, and a socket has a reader and a writer.
struct PollSet {
  private(set) var entries: [pollfd] = []
  private var places: [Int32: Int] = [:]

  /// What `poll(2)` tells of any descriptor, asked or not: whoever waits finds out more by the next call.
  private static let endings = Int16(POLLERR | POLLHUP | POLLNVAL)

  /// Looks at a descriptor, also if it does already.
  mutating func add(_ number: Int32, _ events: Int16) {
    if let place = places[number] {
      entries[place].events |= events
    } else {
      places[number] = entries.count
      entries.append(pollfd(fd: number, events: events, revents: 0))
    }
  }

  /// Waits until there is something to tell.
  ///
  /// - Parameter milliseconds: how long at most; -1 without end.
  /// - Returns: whether there is; not if a signal came, or there was no memory for a moment.
  mutating func wait(milliseconds: Int32 = -1) -> Bool {
    // Sound: the array has as many entries as are said, and lives through the call.
    unsafe poll(&entries, nfds_t(entries.count), milliseconds) > 0
  }

  /// Whether the last `wait` told one of these events of a descriptor, or its end.
  func isReady(_ number: Int32, _ events: Int16) -> Bool {
    guard let place = places[number] else { return false }
    return entries[place].revents & (events | Self.endings) != 0
  }
}
