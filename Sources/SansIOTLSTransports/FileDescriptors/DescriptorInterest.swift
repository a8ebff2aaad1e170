internal import Synchronization

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// One direction of a descriptor that a ``DescriptorLoop`` watches: reading or writing.
///
/// Its identifier, which is never used again, takes the place of the descriptor's number in the loop: after the
/// descriptor was closed the number may belong to another file. The loop keeps an interest from the first request to
/// ``end()``.
final class DescriptorInterest: Sendable {
  private struct State: Sendable {
    /// The descriptor that the loop watches.
    var number: Int32
    /// Whether it is a duplicate, which is closed at the end.
    var isDuplicate = false
    /// `nil` before the first request, and after the end.
    var identifier: UInt64?
    var hasEnded = false
    var notification: (@Sendable () -> Void)?
  }

  private let events: Int16
  private let loop: DescriptorLoop
  private let state: Mutex<State>

  /// - Parameters:
  ///   - number: An open descriptor, which stays open until ``end()``; `nil` for one that was closed.
  ///   - events: POLLIN or POLLOUT.
  init(_ number: Int32?, _ events: Int16, on loop: DescriptorLoop) {
    self.events = events
    self.loop = loop
    state = Mutex(State(number: number ?? -1, hasEnded: number == nil))
  }

  /// Requests one notification, in place of an earlier one: after the descriptor is ready, has failed or is no longer
  /// watched.
  ///
  /// - Throws: ``TransportError``: `EBADF` after the end; with operation `.poll` if the kernel has no room for another
  ///   descriptor.
  func notify(_ notification: @escaping @Sendable () -> Void) throws(TransportError) {
    try state.withLock { (state) throws(TransportError) in
      if state.hasEnded { throw TransportError(events == Int16(POLLIN) ? .read : .write, number: EBADF) }
      if let identifier = state.identifier {
        try loop.request(state.number, events, identifier, isNew: false)
      } else {
        state.identifier = try add(&state)
      }
      state.notification = notification
    }
  }

  private func add(_ state: inout State) throws(TransportError) -> UInt64 {
    let identifier = loop.add(self)
    do throws(TransportError) {
      do throws(TransportError) {
        try loop.request(state.number, events, identifier, isNew: true)
      } catch {
        // Another transport has the same descriptor, which the loop can watch once.
        guard error.number == EEXIST else { throw error }
        let duplicate = fcntl(state.number, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else { throw .last(.poll) }
        (state.number, state.isDuplicate) = (duplicate, true)
        try loop.request(duplicate, events, identifier, isNew: true)
      }
      return identifier
    } catch {
      loop.remove(identifier, number: nil)
      throw error
    }
  }

  /// Calls the notification, if one was requested. Called by the loop.
  func becomeReady() { state.withLock { $0.notification.take() }?() }

  /// Ends the watching, before the descriptor is closed. A requested notification is called.
  func end() {
    let notification = state.withLock { state in
      state.hasEnded = true
      if let identifier = state.identifier.take() { loop.remove(identifier, number: state.number) }
      if state.isDuplicate { _ = close(state.number) }
      state.isDuplicate = false
      return state.notification.take()
    }
    notification?()
  }
}
