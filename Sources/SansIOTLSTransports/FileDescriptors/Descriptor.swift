#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// One descriptor, used in one direction without ever waiting.
///
/// O_NONBLOCK is a property of the open file description, and a program shares the descriptions of its standard descriptors
/// with the shell, with the programs beside it and with its own children: whoever sets the flag makes their writes fail, and
/// a program that a signal ends cannot put it back. So the flag is never changed. How a call is kept from waiting depends on
/// the kind:
/// - a socket needs nothing: `recv(2)` and `send(2)` take MSG_DONTWAIT call by call;
/// - a regular file never waits in the sense of `poll(2)`;
/// - a pipe is opened a second time, through `/proc/self/fd`. That gives an open file description of this descriptor's own,
///   and on that one O_NONBLOCK is set. `poll(2)` still looks at the number that was given: a FIFO that is opened for reading
///   when its writers have gone does not report their end;
/// - where that is not possible (another system, no `/proc`, a pipe that another user made), and for a terminal or any other
///   device, which may react to being opened, each call asks `poll(2)` first and writes no more than `poll(2)` promises room
///   for. Such a call waits only if another program reads the bytes, or fills the room, in the moment between the two.
struct Descriptor: ~Copyable, Sendable {
  enum Direction { case reading, writing }

  private enum Kind { case socket, file, terminal, pipe, device }

  /// The number that was given, for `poll(2)`.
  let number: Int32
  /// A descriptor of the same pipe whose open file description nobody shares; `nil` if there is none.
  private let unshared: Int32?
  private let kind: Kind
  private let isOwned: Bool

  /// - Parameters:
  ///   - number: an open descriptor.
  ///   - direction: what it is used for.
  ///   - isOwned: whether it is closed at the end.
  ///   - reopensPipes: whether a pipe is opened a second time, if that is possible.
  /// - Throws: ``TransportError`` if it is not open.
  init(
    _ number: Int32, for direction: Direction, isOwned: Bool, reopensPipes: Bool = true
  ) throws(TransportError) {
    var status = stat()
    // Sound: `status` lives through the call.
    guard unsafe fstat(number, &status) == 0 else { throw .last(.prepare) }
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      // Calls fail without waiting.
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

  /// Opens a pipe a second time, so that O_NONBLOCK is set where no other program sees it.
  ///
  /// - Returns: a descriptor; `nil` if that is not possible here.
  private static func reopened(_ number: Int32, for direction: Direction) -> Int32? {
    #if os(Linux)
      let mode = direction == .reading ? O_RDONLY : O_WRONLY
      let path = "/proc/self/fd/\(number)".utf8.map { CChar(bitPattern: $0) } + [0]
      // Sound: the path lives through the call, and ends in its only NUL.
      let unshared = unsafe open(path, mode | O_NONBLOCK | O_CLOEXEC)
      return unshared >= 0 ? unshared : nil
    #else
      // Elsewhere `/dev/fd` gives the same open file description once more.
      return nil
    #endif
  }

  /// Whether `poll(2)` has to be asked before each call.
  private var asksFirst: Bool {
    switch kind {
    case .socket, .file: false
    case .terminal, .device: true
    case .pipe: unshared == nil
    }
  }

  var isSocket: Bool { kind == .socket }

  /// Reads what is there, at most what fits.
  ///
  /// - Returns: bytes read, 0 at the end of file, `nil` if nothing is there now.
  func read(into buffer: inout OutputSpan<UInt8>) throws(TransportError) -> Int? {
    precondition(buffer.freeCapacity > 0, "an empty buffer cannot tell the end of file")
    while true {
      if asksFirst, !DescriptorWatch.isReady(number, .reading) { return nil }
      // Sound: the kernel writes at most `room` bytes from the first free one on, and as many as it says become
      // initialized.
      let count = unsafe buffer.withUnsafeMutableBufferPointer { buffer, initialized in
        let room = buffer.count - initialized
        let free = unsafe buffer.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + initialized) }
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
      if asksFirst, !DescriptorWatch.isReady(number, .writing) { return 0 }
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

  /// How many of the written bytes the reader has not taken yet: what a pipe holds, or what a TCP connection has not had
  /// acknowledged; `nil` where the kernel does not say.
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

  /// Tells the other end of a socket that no more will come, which closing one of several descriptors would not.
  func shutDownWriting() {
    if kind == .socket { _ = shutdown(number, Self.shutWrite) }
  }

  /// How many of these bytes one call may write without waiting.
  private func piece(of bytes: UnsafeRawBufferPointer) -> Int {
    switch kind {
    case .terminal: unsafe Self.terminalPiece(bytes)
    // POSIX: a pipe that is writable has room for PIPE_BUF bytes.
    case .pipe where unshared == nil: min(bytes.count, Int(PIPE_BUF))
    case .pipe, .socket, .file, .device: bytes.count
    }
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

// The methods of these names hide the functions.
private func readDescriptor(_ number: Int32, _ address: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  unsafe read(number, address, count)
}

private func writeDescriptor(_ number: Int32, _ address: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe write(number, address, count)
}
