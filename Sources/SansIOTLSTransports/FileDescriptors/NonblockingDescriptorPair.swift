internal import SansIOTLS

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A byte transport over two file descriptors: pipes, sockets, terminals, files, in any combination.
///
/// No call blocks, is interrupted by a signal, or raises SIGPIPE. Each direction closes independently.
///
/// The descriptors' status flags (see `fcntl(2)`, O_NONBLOCK) are neither needed nor changed: other programs share
/// them. On Linux a pipe is opened a second time through `/proc/self/fd`, so that no other program shares the flag;
/// this uses one more descriptor for each direction, which closes with it. For a pipe that cannot be opened (no
/// `/proc`, another user's), a terminal and any other device each call uses `poll(2)` first, and pipes and terminals
/// are written in small pieces. Another program that uses the same pipe or terminal may then still block a call: it may
/// read the bytes that `poll(2)` reported, or fill the room.
public struct NonblockingDescriptorPair: ~Copyable, Sendable {
  /// The ownership of the descriptors.
  public enum Ownership: Sendable {
    /// The transport closes each descriptor with its direction, at the latest at its own end.
    case owned
    /// The caller closes the descriptors. Closing a direction here stops its use, and ends a socket's direction.
    case borrowed
  }

  private var input: Descriptor?
  private var output: Descriptor?
  /// Whether no call blocks, whatever other programs do with the descriptors: both are sockets, or pipes that were
  /// opened a second time.
  let isNonblocking: Bool

  /// Creates a transport of two descriptors.
  ///
  /// - Parameters:
  ///   - reading: An open descriptor to read from.
  ///   - writing: An open descriptor to write to; may be the same as `reading` (a socket), and is then duplicated.
  ///   - ownership: The owner, who closes them. If this throws, an owned one may be closed already.
  /// - Throws: ``TransportError`` if one of them is not open.
  ///
  /// Corresponds to `fstat(2)`, `open(2)`.
  public init(reading: Int32, writing: Int32, ownership: Ownership = .owned) throws(TransportError) {
    try self.init(reading: reading, writing: writing, ownership: ownership, reopensPipes: true)
  }

  /// - Parameter reopensPipes: Whether pipes are opened a second time where that is possible.
  init(reading: Int32, writing: Int32, ownership: Ownership, reopensPipes: Bool) throws(TransportError) {
    let isOwned = ownership == .owned
    let input = try Descriptor(reading, for: .reading, isOwned: isOwned, reopensPipes: reopensPipes)
    // Two descriptors in any case, so that each direction closes independently.
    let isDuplicated = reading == writing
    let writing = isDuplicated ? fcntl(writing, F_DUPFD_CLOEXEC, 0) : writing
    guard writing >= 0 else { throw .last(.prepare) }
    let output = try Descriptor(
      writing, for: .writing, isOwned: isOwned || isDuplicated, reopensPipes: reopensPipes)
    isNonblocking = input.isNonblocking && output.isNonblocking
    readingDescriptor = input.number
    writingDescriptor = output.number
    self.output = consume output
    self.input = consume input
  }

  private init(output: consuming Descriptor?, number: Int32?, isNonblocking: Bool) {
    input = nil
    writingDescriptor = number
    self.output = output
    self.isNonblocking = isNonblocking
  }

  /// Moves the writing direction to a transport without a reading direction.
  mutating func takeOutput() -> NonblockingDescriptorPair {
    defer { writingDescriptor = nil }
    return NonblockingDescriptorPair(output: output.take(), number: writingDescriptor, isNonblocking: isNonblocking)
  }

  /// The descriptor that is read from, for `poll(2)`; `nil` after that direction was closed.
  public private(set) var readingDescriptor: Int32?

  /// The descriptor that is written to, for `poll(2)`; `nil` after that direction was closed.
  public private(set) var writingDescriptor: Int32?

  /// Whether the input is a socket, which must not be closed over unread bytes.
  var readsSocket: Bool {
    switch input {
    case .some(let input): input.isSocket
    case .none: false
    }
  }

  /// The number of written bytes that the reader has not read; `nil` where the kernel does not report it.
  var unreadCount: Int? {
    switch output {
    case .some(let output): output.unreadCount
    case .none: nil
    }
  }

  /// Reads the available bytes, at most as many as fit.
  ///
  /// - Parameter buffer: The buffer to append to, with room for at least one byte. The kernel writes directly into it.
  /// - Returns: The result; `.endOfStream` also after ``closeInput()``, and on the primary side of a pseudo-terminal
  ///   whose secondary has closed.
  /// - Throws: ``TransportError`` for any other failure, for example `ECONNRESET`.
  ///
  /// Corresponds to `read(2)`, on a socket to `recv(2)`.
  public func read(into buffer: inout OutputRawSpan) throws(TransportError) -> TransportReading {
    switch input {
    case .some(let input):
      switch try input.read(into: &buffer) {
      case nil: return .wouldBlock
      case 0: return .endOfStream
      case .some(let count): return .bytes(count)
      }
    case .none: return .endOfStream
    }
  }

  /// Reads the available bytes into an output span of bytes; see ``read(into:)-(OutputRawSpan)``.
  ///
  /// - Parameter buffer: The buffer to append to, with room for at least one byte.
  /// - Returns: The result.
  /// - Throws: ``TransportError``, as the raw form.
  public func read(into buffer: inout OutputSpan<UInt8>) throws(TransportError) -> TransportReading {
    try buffer.withRawSpan { (raw) throws(TransportError) in try read(into: &raw) }
  }

  /// Writes as many bytes as there is room for.
  ///
  /// - Parameter bytes: The bytes; only the kernel copies them.
  /// - Returns: The number of bytes that were written; 0 if there is no room now.
  /// - Throws: ``TransportError``, for example `EPIPE` if the reader is gone, `EBADF` after ``closeOutput()``.
  ///
  /// Corresponds to `write(2)`, on a socket to `send(2)`.
  public func write(_ bytes: RawSpan) throws(TransportError) -> Int {
    switch output {
    case .some(let output): return try output.write(bytes)
    case .none: throw TransportError(.write, number: EBADF)
    }
  }

  /// Ends the reading direction.
  public mutating func closeInput() {
    input = nil
    readingDescriptor = nil
  }

  /// Ends the writing direction; the other end reads an end of file after what was written.
  ///
  /// Corresponds to `close(2)`, on a socket to `shutdown(2)` too.
  public mutating func closeOutput() {
    switch output {
    case .some(let output): output.shutDownWriting()
    case .none: break
    }
    output = nil
    writingDescriptor = nil
  }
}
