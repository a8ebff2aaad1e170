#if os(Linux)
  internal import CSansIOTLSDescriptors
  #if canImport(Musl)
    internal import Musl
  #else
    internal import Glibc
  #endif

  /// Waits for descriptors in the kernel's own set.
  ///
  /// A request is for one event (EPOLLONESHOT), and the kernel examines the descriptor when it is made: no change
  /// between a call that would block and the request is lost, and a descriptor for which no task waits costs nothing.
  ///
  /// Corresponds to `epoll(7)`.
  struct EpollPoller: Sendable {
    private let set: Int32
    private let waking: Int32
    /// The identifier of ``waking``.
    private static let wakingIdentifier = UInt64.max

    init() throws(TransportError) {
      set = epoll_create1(Int32(EPOLL_CLOEXEC))
      waking = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
      var event = unsafe Self.event(POLLIN, Self.wakingIdentifier)
      // Sound here and below: the event lives through the call.
      guard set >= 0, waking >= 0, unsafe epoll_ctl(set, EPOLL_CTL_ADD, waking, &event) == 0 else {
        let error = TransportError.last(.prepare)
        close()
        throw error
      }
    }

    /// Ends the use, before the first wait.
    func close() { for number in [set, waking] where number >= 0 { _ = closeDescriptor(number) } }

    /// - Returns: Whether the kernel watches the descriptor; `false` for a file, which is always ready.
    func request(_ number: Int32, _ events: Int16, _ identifier: UInt64, isNew: Bool) throws(TransportError) -> Bool {
      var event = unsafe Self.event(Int32(events) | Self.once, identifier)
      if unsafe epoll_ctl(set, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, number, &event) == 0 { return true }
      // The number belongs to another file than at the first request, for example after dup2(2).
      if errno == ENOENT, unsafe epoll_ctl(set, EPOLL_CTL_ADD, number, &event) == 0 { return true }
      if errno == EPERM { return false }
      throw .last(.poll)
    }

    func remove(_ number: Int32, _ identifier: UInt64) {
      var event = unsafe Self.event(0, identifier)
      _ = unsafe epoll_ctl(set, EPOLL_CTL_DEL, number, &event)
    }

    /// Ends the current or next wait.
    func wake() {
      var one: UInt64 = 1
      // Sound: eight bytes, which live through the call. A full counter wakes as well.
      _ = unsafe write(waking, &one, 8)
    }

    /// Appends the identifiers of the descriptors that are ready, at most 256 of them.
    ///
    /// - Parameter blocks: Whether it waits until there is one, or ``wake()`` was called.
    func wait(_ ready: inout [UInt64], blocks: Bool) {
      // Sound: the kernel writes at most as many events as there is room for; no other is read. -1 after a signal.
      unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 256) { events in
        let count = unsafe epoll_wait(set, events.baseAddress, 256, blocks ? -1 : 0)
        for index in 0..<max(Int(count), 0) {
          let identifier = unsafe events[index].data.u64
          if identifier != Self.wakingIdentifier { ready.append(identifier) } else { empty() }
        }
      }
    }

    private func empty() {
      var count: UInt64 = 0
      // Sound: eight bytes, which live through the call.
      _ = unsafe read(waking, &count, 8)
    }

    /// EPOLLONESHOT, a bit that Swift does not import.
    private static let once: Int32 = 1 << 30

    /// - Parameter events: POLLIN and POLLOUT, whose values are those of EPOLLIN and EPOLLOUT.
    private static func event(_ events: Int32, _ identifier: UInt64) -> epoll_event {
      // Sound: all members of the union have a value for any bits.
      unsafe epoll_event(events: UInt32(bitPattern: events), data: epoll_data_t(u64: identifier))
    }
  }

  // The method of this name hides the function.
  private func closeDescriptor(_ number: Int32) -> Int32 { close(number) }
#endif
