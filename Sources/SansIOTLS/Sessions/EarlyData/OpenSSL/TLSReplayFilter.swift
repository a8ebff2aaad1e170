internal import Synchronization

/// A memory of the early data that the servers of one process have accepted: what comes a second time is rejected, and
/// its client continues with an ordinary handshake.
///
/// Early data is a copy of what an observer saw until the server remembers it. libssl accepts a ticket's early data
/// only within ten seconds of the age that the client states, so a token is forgotten after ``windowSeconds``. The
/// memory is bounded: where it is full, early data is rejected.
///
/// **It protects one process.** Servers that share ``TLSTicketKeys`` must ask a store that they share: answer the
/// ClientHello by ``TLSEngine/ClientHello/Answer/acceptingEarlyData(_:)``. One filter serves all contexts of a process,
/// and must outlive their tickets: a program that exchanges its context keeps the filter. With ticket keys of the
/// application a new filter rejects all early data during its first ``windowSeconds``, since the process before it may
/// have accepted the same.
///
/// Any number of threads may use it at once. Nothing waits. Corresponds to RFC 8446, section 8.2; libssl's own,
/// `SSL_OP_NO_ANTI_REPLAY` in `SSL_CTX_set_options(3)`, works with sessions in memory alone.
///
/// `@safe`: the slots are allocated in init, and released in deinit. `@unchecked`: they are written atomically alone.
@safe
public final class TLSReplayFilter: @unchecked Sendable {
  /// The seconds after which a token is forgotten: more than libssl's ten, by a second for each rounding.
  public static let windowSeconds: Int64 = 15

  /// The tokens that it has room for. Where chance puts too many of them into one part of it, it is full before.
  public let capacity: Int

  private let slots: UnsafeMutablePointer<Atomic<UInt64>>
  /// Nothing is admitted before this time, in seconds since 1970.
  private let start = Atomic<Int64>(.min)

  /// The time of what is never forgotten. Times have 31 bits.
  private static let forever: UInt32 = 1 << 31

  /// The slots that one token can be in.
  private static let ways = 16

  /// Creates a filter without memory of anything.
  ///
  /// - Parameter capacity: the tokens to remember at once, 1 to 16,777,216; 8 bytes each. Twice as many as clients send
  ///   within ``windowSeconds`` is enough.
  /// - Throws: ``TLSError`` with code `.invalidArgument` for a capacity out of range.
  public init(capacity: Int = 65_536) throws(TLSError) {
    guard (1...16_777_216).contains(capacity) else {
      throw TLSError(
        .invalidArgument, .misuse, hint: "a replay filter of \(capacity) tokens; choose 1 to 16,777,216")
    }
    let count = (capacity + Self.ways - 1) / Self.ways * Self.ways
    self.capacity = count
    unsafe slots = .allocate(capacity: count)
    for index in 0..<count { unsafe (slots + index).initialize(to: Atomic(0)) }
  }

  deinit {
    unsafe slots.deinitialize(count: capacity)
    unsafe slots.deallocate()
  }

  /// Remembers a token.
  ///
  /// - Parameters:
  ///   - token: ``TLSEngine/ClientHello/earlyDataToken``, or other bytes that are uniformly distributed, 16 at least.
  ///   - time: the time, in seconds since 1970.
  ///   - forgets: whether it is forgotten after ``windowSeconds``. What has no age, as the early data of an external
  ///     pre-shared key, must be remembered as long as the filter exists; the next process has no memory of it.
  /// - Returns: whether early data may be accepted: it is `false` for a token that is remembered, where there is no
  ///   room, and at first after a restart.
  public func admits(_ token: [UInt8], at time: Int64, forgets: Bool = true) -> Bool {
    guard token.count >= 16, time >= start.load(ordering: .relaxed) else { return false }
    let place = token[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let first = Int(place % UInt64(capacity / Self.ways)) * Self.ways
    let print = token[8..<12].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let noted = forgets ? UInt32(truncatingIfNeeded: time) & ~Self.forever : Self.forever
    let entry = UInt64(noted) << 32 | print | 1
    while true {
      var free: (index: Int, found: UInt64)?
      for index in first..<first + Self.ways {
        let found = unsafe slots[index].load(ordering: .sequentiallyConsistent)
        if Self.isLive(found, at: time) {
          if UInt32(truncatingIfNeeded: found) == UInt32(truncatingIfNeeded: entry) { return false }
        } else if free == nil {
          free = (index, found)
        }
      }
      guard let free else { return false }
      let isTaken = unsafe slots[free.index].compareExchange(
        expected: free.found, desired: entry, ordering: .sequentiallyConsistent
      ).exchanged
      if isTaken { return isAlone(entry, at: free.index, from: first, time) }
    }
  }

  /// Two threads with one token may have found different free slots: the one that looks last sees the other. Both may,
  /// and both are refused.
  private func isAlone(_ entry: UInt64, at own: Int, from first: Int, _ time: Int64) -> Bool {
    for index in first..<first + Self.ways where index != own {
      let found = unsafe slots[index].load(ordering: .sequentiallyConsistent)
      let isSame = UInt32(truncatingIfNeeded: found) == UInt32(truncatingIfNeeded: entry)
      if isSame, Self.isLive(found, at: time) { return false }
    }
    return true
  }

  /// Whether an entry is remembered at a time. One of the future is: the clock was set back.
  private static func isLive(_ entry: UInt64, at time: Int64) -> Bool {
    if entry == 0 { return false }
    let noted = UInt32(truncatingIfNeeded: entry >> 32)
    if noted == forever { return true }
    // The difference of two numbers of 31 bits, round their end.
    let age = (UInt32(truncatingIfNeeded: time) &- noted) & ~forever
    return age <= UInt32(windowSeconds) || age > ~forever >> 1
  }

  /// Tickets from before this time may have been used: nothing is admitted until they are too old. Only the first call
  /// counts.
  func begin(at time: Int64) {
    _ = start.compareExchange(expected: .min, desired: time + Self.windowSeconds, ordering: .relaxed)
  }
}

extension TLSReplayFilter: Hashable {
  /// Returns whether two references are to the same object.
  public static func == (left: TLSReplayFilter, right: TLSReplayFilter) -> Bool { left === right }

  /// Hashes the identity of the object.
  ///
  /// - Parameter hasher: the hasher.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
