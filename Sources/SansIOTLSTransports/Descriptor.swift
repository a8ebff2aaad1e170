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
/// - a terminal stays as it is (a program killed by Control-C could not put it back, and the shell would suffer): it is
///   read only after `poll(2)`, and written in pieces of the size that `poll(2)` promises room for;
/// - anything else, pipes above all, is switched to O_NONBLOCK and switched back at the end.
struct Descriptor: ~Copyable, Sendable {
  private enum Kind { case socket, file, terminal, pipe }

  let number: Int32
  private let kind: Kind
  private let isOwned: Bool
  /// The status flags to put back; `nil` if they were not touched.
  private let originalFlags: Int32?

  /// - Parameters:
  ///   - number: an open descriptor.
  ///   - isOwned: whether it is closed at the end.
  /// - Throws: ``TransportError`` if it is not open.
  init(_ number: Int32, isOwned: Bool) throws(TransportError) {
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
    var originalFlags: Int32?
    if kind == .pipe {
      let flags = fcntl(number, F_GETFL)
      guard flags >= 0 else { throw .last(.prepare) }
      if flags & O_NONBLOCK == 0 {
        guard fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0 else { throw .last(.prepare) }
        originalFlags = flags
      }
    }
    self.number = number
    self.kind = kind
    self.isOwned = isOwned
    self.originalFlags = originalFlags
  }

  deinit {
    if let originalFlags { _ = fcntl(number, F_SETFL, originalFlags) }
    // EINTR is no reason to call again: Linux has released the number by then.
    if isOwned { _ = close(number) }
  }

  /// Reads what is there, at most what fits.
  ///
  /// - Returns: bytes read, 0 at the end of file, `nil` if nothing is there now.
  func read(into buffer: inout OutputSpan<UInt8>) throws(TransportError) -> Int? {
    precondition(buffer.freeCapacity > 0, "an empty buffer cannot tell the end of file")
    while true {
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
      default: throw .last(.read)
      }
    }
  }

  /// Writes what there is room for.
  ///
  /// - Returns: bytes written; 0 if there is no room now.
  func write(_ bytes: RawSpan) throws(TransportError) -> Int {
    while true {
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
        let room = kind == .terminal ? min(bytes.count, Self.terminalRoom) : bytes.count
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

  /// The room in bytes that a terminal has when it is writable.
  private static let terminalRoom = 256

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
