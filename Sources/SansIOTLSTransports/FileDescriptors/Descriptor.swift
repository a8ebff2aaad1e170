#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A descriptor that is used in one direction without blocking.
///
/// O_NONBLOCK is a property of the open file description, and a program shares the descriptions of its standard
/// descriptors with the shell, with other programs and with its children: setting the flag makes their writes fail, and
/// a program that a signal ends cannot restore it. So the flag is never changed. The way to avoid blocking depends on
/// the kind:
/// - a socket needs nothing: `recv(2)` and `send(2)` accept MSG_DONTWAIT in each call;
/// - a regular file never blocks in the sense of `poll(2)`;
/// - a pipe is opened a second time, through `/proc/self/fd`. This creates an open file description of this
///   descriptor's own, with O_NONBLOCK set. `poll(2)` still uses the original number: a FIFO that is opened for reading
///   after its writers have left does not report their end;
/// - where that is not possible (another system, no `/proc`, another user's pipe), and for a terminal or any other
///   device, which may react to being opened, each call uses `poll(2)` first and writes no more than `poll(2)` promises
///   room for. Such a call blocks only if another program reads the bytes, or fills the room, between the two.
struct Descriptor: ~Copyable, Sendable {
  enum Direction { case reading, writing }

  private enum Kind { case socket, file, terminal, pipe, device }

  /// The original number, for `poll(2)`.
  let number: Int32
  /// A descriptor of the same pipe with an open file description of its own; `nil` if there is none.
  private let unshared: Int32?
  private let kind: Kind
  private let isOwned: Bool

  /// - Parameters:
  ///   - number: An open descriptor.
  ///   - direction: The direction in which it is used.
  ///   - isOwned: Whether it is closed at the end.
  ///   - reopensPipes: Whether a pipe is opened a second time, if that is possible.
  /// - Throws: ``TransportError`` if it is not open.
  init(
    _ number: Int32, for direction: Direction, isOwned: Bool, reopensPipes: Bool = true
  ) throws(TransportError) {
    var status = stat()
    // Sound: `status` lives through the call.
    guard unsafe fstat(number, &status) == 0 else { throw .last(.prepare) }
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      // Calls fail without blocking.
      case _ where !Self.isOpen(number, for: direction): .file
      case S_IFSOCK: .socket
      case S_IFREG, S_IFBLK, S_IFDIR: .file
      case S_IFIFO: .pipe
      case S_IFCHR where isatty(number) == 1: .terminal
      default: .device
      }
    self.number = number
    unshared = kind == .pipe && reopensPipes ? Self.reopened(number, for: direction) : nil
    self.kind = kind
    self.isOwned = isOwned
  }

  deinit {
    if let unshared { _ = close(unshared) }
    // EINTR is no reason to call again: Linux has released the number by then.
    if isOwned { _ = close(number) }
  }

  private static func isOpen(_ number: Int32, for direction: Direction) -> Bool {
    fcntl(number, F_GETFL) & O_ACCMODE != (direction == .reading ? O_WRONLY : O_RDONLY)
  }

  /// Opens a pipe a second time, so that no other program shares O_NONBLOCK.
  ///
  /// - Returns: A descriptor; `nil` if that is not possible here.
  private static func reopened(_ number: Int32, for direction: Direction) -> Int32? {
    #if os(Linux)
      let mode = direction == .reading ? O_RDONLY : O_WRONLY
      let path = "/proc/self/fd/\(number)".utf8.map { CChar(bitPattern: $0) } + [0]
      // Sound: the path lives through the call, and ends in its only NUL.
      let unshared = unsafe open(path, mode | O_NONBLOCK | O_CLOEXEC)
      return unshared >= 0 ? unshared : nil
    #else
      // Elsewhere `/dev/fd` returns the same open file description.
      return nil
    #endif
  }

  /// Whether each call needs `poll(2)` first.
  private var asksFirst: Bool {
    switch kind {
    case .socket, .file: false
    case .terminal, .device: true
    case .pipe: unshared == nil
    }
  }

  var isSocket: Bool { kind == .socket }

  /// Whether no call blocks, whatever other programs do with the descriptor.
  var isNonblocking: Bool {
    switch kind {
    case .socket: true
    case .pipe: unshared != nil
    case .file, .terminal, .device: false
    }
  }

  /// Reads the available bytes, at most as many as fit.
  ///
  /// - Returns: The number of bytes, 0 at the end of file, `nil` if none are available now.
  func read(into buffer: inout OutputRawSpan) throws(TransportError) -> Int? {
    precondition(buffer.freeCapacity > 0, "an empty buffer cannot report the end of file")
    while true {
      if asksFirst, !DescriptorReadiness.isReady(number, Int16(POLLIN)) { return nil }
      // Sound: the kernel writes at most `room` bytes from the first free one on, and as many as it returns
      // become initialized.
      let count = unsafe buffer.withUnsafeMutableBytes { buffer, initialized in
        let room = buffer.count - initialized
        let free = unsafe buffer.baseAddress.map { unsafe $0 + initialized }
        let count =
          if kind == .socket {
            unsafe recv(number, free, room, Int32(MSG_DONTWAIT))
          } else {
            unsafe readDescriptor(unshared ?? number, free, room)
          }
        if count > 0 { initialized += count }
        return count
      }
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN, EWOULDBLOCK: return nil
      // On Linux the primary side of a pseudo-terminal reports the end of its secondary like this.
      case EIO where kind == .terminal && DescriptorReadiness.hasHungUp(number): return 0
      default: throw .last(.read)
      }
    }
  }

  /// Writes as many bytes as there is room for.
  ///
  /// - Returns: The number of bytes; 0 if there is no room now.
  func write(_ bytes: RawSpan) throws(TransportError) -> Int {
    while true {
      if asksFirst, !DescriptorReadiness.isReady(number, Int16(POLLOUT)) { return 0 }
      // Sound: the kernel reads at most `bytes.count` bytes of memory that is valid during the call.
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
        let piece = unsafe piece(of: bytes)
        return BrokenPipeSignal.suppressed { unsafe writeDescriptor(unshared ?? number, bytes.baseAddress, piece) }
      }
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN, EWOULDBLOCK: return 0
      default: throw .last(.write)
      }
    }
  }

  /// The number of written bytes that the reader has not read: the contents of a pipe, or the unacknowledged bytes of a
  /// TCP connection; `nil` where the kernel does not report it.
  var unreadCount: Int? {
    #if canImport(Glibc)
      let request: Int32
      switch kind {
      case .pipe: request = FIONREAD
      case .socket where isInternetSocket: request = TIOCOUTQ
      case .socket, .file, .terminal, .device: return nil
      }
      var count: Int32 = 0
      // Sound: both requests write one number, which lives through the call.
      return unsafe ioctl(number, UInt(request), &count) == 0 ? Int(count) : nil
    #else
      return nil
    #endif
  }

  private var isInternetSocket: Bool {
    var address = sockaddr()
    var size = socklen_t(MemoryLayout<sockaddr>.size)
    // Sound: both live through the call, which fills as much of the address as there is room for.
    guard unsafe getsockname(number, &address, &size) == 0 else { return false }
    return [sa_family_t(AF_INET), sa_family_t(AF_INET6)].contains(address.sa_family)
  }

  /// Ends the writing direction of a socket, which closing one of several descriptors would not.
  func shutDownWriting() {
    if kind == .socket { _ = shutdown(number, Self.shutWrite) }
  }

  /// The number of these bytes that one call may write without blocking.
  private func piece(of bytes: UnsafeRawBufferPointer) -> Int {
    switch kind {
    case .terminal: unsafe Self.terminalPiece(bytes)
    // POSIX: a pipe that is writable has room for PIPE_BUF bytes.
    case .pipe where unshared == nil: min(bytes.count, Int(PIPE_BUF))
    case .pipe, .socket, .file, .device: bytes.count
    }
  }

  /// The number of bytes that a writable terminal accepts without blocking: 256, and a line feed separately. A terminal
  /// that is not raw sends two bytes for it, and Linux then waits for room for both.
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

// The methods of these names hide the functions.
private func readDescriptor(_ number: Int32, _ address: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  unsafe read(number, address, count)
}

private func writeDescriptor(_ number: Int32, _ address: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe write(number, address, count)
}
