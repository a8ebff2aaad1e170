#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The descriptors of one call of `poll(2)`.
///
/// One entry for each descriptor, however many tasks wait for it: `poll(2)` refuses more entries than the process may
/// have descriptors, and a socket has a reader and a writer.
struct PollSet {
  private(set) var entries: [pollfd] = []
  /// The positions of the descriptors, in a set of more than ``searchedCount``.
  private var places: [Int32: Int] = [:]

  /// The largest set that is searched: with a few descriptors that costs a tenth of a dictionary.
  private static let searchedCount = 8

  /// The events that `poll(2)` reports of any descriptor, requested or not. A waiting task learns more by its next
  /// call.
  private static let endings = Int16(POLLERR | POLLHUP | POLLNVAL)

  /// Adds a descriptor, or events of one that was added already. `nil` adds nothing.
  mutating func add(_ number: Int32?, _ events: Int16) {
    guard let number else { return }
    if let place = place(of: number) {
      entries[place].events |= events
      return
    }
    entries.append(pollfd(fd: number, events: events, revents: 0))
    if entries.count == Self.searchedCount + 1 {
      for (place, entry) in entries.enumerated() { places[entry.fd] = place }
    } else if entries.count > Self.searchedCount {
      places[number] = entries.count - 1
    }
  }

  private func place(of number: Int32) -> Int? {
    entries.count > Self.searchedCount ? places[number] : entries.firstIndex { $0.fd == number }
  }

  /// Empties the set and keeps its memory.
  mutating func removeAll() {
    entries.removeAll(keepingCapacity: true)
    if !places.isEmpty { places.removeAll(keepingCapacity: true) }
  }

  /// Waits until a descriptor is ready or has ended.
  ///
  /// - Parameter milliseconds: The time to wait at most; -1 for no limit.
  /// - Returns: Whether one is; `false` after that time.
  /// - Throws: ``TransportError`` with operation `.poll`: `EINTR` after a signal, `ENOMEM`.
  mutating func wait(milliseconds: Int32 = -1) throws(TransportError) -> Bool {
    // Sound: the array has as many entries as are stated, and lives through the call.
    let count = unsafe poll(&entries, nfds_t(entries.count), milliseconds)
    if count < 0 { throw .last(.poll) }
    return count > 0
  }

  /// Whether the last `wait` reported one of these events of a descriptor, or its end; `false` for `nil`.
  func isReady(_ number: Int32?, _ events: Int16) -> Bool {
    guard let number, let place = place(of: number) else { return false }
    return entries[place].revents & (events | Self.endings) != 0
  }
}
