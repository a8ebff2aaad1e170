internal import Synchronization

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// One descriptor and what is to be done with it at the end.
///
/// How a call is kept from blocking depends on the kind, because O_NONBLOCK is a property of the open file description
/// and standard descriptors share theirs with the shell and with other programs:
/// - a socket needs nothing: `recv(2)` and `send(2)` take MSG_DONTWAIT call by call;
/// - a regular file never blocks in the sense of `poll(2)`;
/// - a terminal stays as it is (a program killed by Control-C could not put it back, and the shell would suffer): each
///   call asks `poll(2)` first, and writes no more than `poll(2)` promises room for;
/// - anything else, pipes above all, is switched to O_NONBLOCK and switched back at the end; if two descriptors share the
///   open file description, when the later of them ends.
struct Descriptor: ~Copyable, Sendable {
  private enum Kind { case socket, file, terminal, pipe }

  let number: Int32
  private let kind: Kind
  private let isOwned: Bool
  /// What was changed and is to be put back; `nil` if nothing was.
  let changedFlags: ChangedFlags?

  /// - Parameters:
  ///   - number: an open descriptor.
  ///   - isOwned: whether it is closed at the end.
  ///   - sharing: the change that another descriptor of the same open file description has made.
  /// - Throws: ``TransportError`` if it is not open.
  init(_ number: Int32, isOwned: Bool, sharing changed: ChangedFlags? = nil) throws(TransportError) {
    var status = stat()
    // Sound: `status` lives through the call.
    guard unsafe fstat(number, &status) == 0 else { throw .last(.prepare) }
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      case S_IFSOCK: .socket
      case S_IFREG, S_IFBLK, S_IFDIR: .file
      case S_IFCHR where isatty(number) == 1: .terminal
      default: .pipe
      }
    var changedFlags = changed
    changed?.retain()
    if kind == .pipe, changed == nil {
      let flags = fcntl(number, F_GETFL)
      guard flags >= 0 else { throw .last(.prepare) }
      if flags & O_NONBLOCK == 0 {
        guard fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0 else { throw .last(.prepare) }
        changedFlags = ChangedFlags(original: flags)
      }
    }
    self.number = number
    self.kind = kind
    self.isOwned = isOwned
    self.changedFlags = changedFlags
  }

  deinit {
    changedFlags?.release(number)
    // EINTR is no reason to call again: Linux has released the number by then.
    if isOwned { _ = close(number) }
  }

  /// Whether calls on a descriptor wait, by the flags of its open file description.
  static func isBlocking(_ number: Int32) -> Bool {
    let flags = fcntl(number, F_GETFL)
    return flags >= 0 && flags & O_NONBLOCK == 0
  }

  var isSocket: Bool { kind == .socket }

  /// Reads what is there, at most what fits.
  ///
  /// - Returns: bytes read, 0 at the end of file, `nil` if nothing is there now.
  func read(into buffer: inout OutputSpan<UInt8>) throws(TransportError) -> Int? {
    precondition(buffer.freeCapacity > 0, "an empty buffer cannot tell the end of file")
    while true {
      if kind == .terminal, !DescriptorWatch.isReady(number, .reading) { return nil }
      // Sound: the kernel writes at most `room` bytes from the first free one on, and as many as it says become
      // initialized.
      let count = unsafe buffer.withUnsafeMutableBufferPointer { buffer, initialized in
        let room = buffer.count - initialized
        let free = unsafe buffer.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + initialized) }
        let count =
          if kind == .socket {
            unsafe recv(number, free, room, Int32(MSG_DONTWAIT))
          } else {
            unsafe readDescriptor(number, free, room)
          }
        if count > 0 { initialized += count }
        return count
      }
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN, EWOULDBLOCK: return nil
      // On Linux the primary side of a pseudo-terminal says so when nobody holds the secondary any more.
      case EIO where kind == .terminal && DescriptorWatch.hasHungUp(number): return 0
      default: throw .last(.read)
      }
    }
  }

  /// Writes what there is room for.
  ///
  /// - Returns: bytes written; 0 if there is no room now.
  func write(_ bytes: RawSpan) throws(TransportError) -> Int {
    while true {
      if kind == .terminal, !DescriptorWatch.isReady(number, .writing) { return 0 }
      // Sound: the kernel reads at most `bytes.count` bytes of memory that is lent for the call.
      let count = unsafe bytes.withUnsafeBytes { bytes in
        if kind == .socket {
          #if canImport(Darwin)
            return BrokenPipeSignal.suppressed {
              unsafe send(number, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
            }
          #else
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            return unsafe send(number, bytes.baseAddress, bytes.count, flags)
          #endif
        }
        let room = unsafe kind == .terminal ? Self.terminalPiece(bytes) : bytes.count
        return BrokenPipeSignal.suppressed { unsafe writeDescriptor(number, bytes.baseAddress, room) }
      }
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN, EWOULDBLOCK: return 0
      default: throw .last(.write)
      }
    }
  }

  /// Tells the other end of a socket that no more will come, which closing one of several descriptors would not.
  func shutDownWriting() {
    if kind == .socket { _ = shutdown(number, Self.shutWrite) }
  }

  /// How many bytes a terminal that is writable takes without waiting: 256, and a line feed by itself. A terminal that is not
  /// raw sends two bytes for it, and Linux then waits for room for both.
  private static func terminalPiece(_ bytes: UnsafeRawBufferPointer) -> Int {
    let piece = unsafe bytes.prefix(256)
    let lineFeed = unsafe piece.firstIndex(of: UInt8(ascii: "\n"))
    return unsafe lineFeed.map { max($0, 1) } ?? piece.count
  }

  #if canImport(Glibc)
    private static let shutWrite = Int32(SHUT_WR)
  #else
    private static let shutWrite = SHUT_WR
  #endif
}

/// Status flags of an open file description that were changed, and how many descriptors need the change.
final class ChangedFlags: Sendable {
  private let original: Int32
  private let holders = Mutex(1)

  init(original: Int32) { self.original = original }

  func retain() { holders.withLock { $0 += 1 } }

  /// Puts the flags back if no other descriptor needs the change any more.
  ///
  /// - Parameter number: one of the descriptors, still open.
  func release(_ number: Int32) {
    holders.withLock { holders in
      holders -= 1
      if holders == 0 { _ = fcntl(number, F_SETFL, original) }
    }
  }
}

// The methods of these names hide the functions.
private func readDescriptor(_ number: Int32, _ address: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  unsafe read(number, address, count)
}

private func writeDescriptor(_ number: Int32, _ address: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe write(number, address, count)
}
