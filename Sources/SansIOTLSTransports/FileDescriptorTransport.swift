#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A byte transport over two file descriptors: pipes, sockets, terminals, files, in any mixture.
///
/// No call blocks, is cut short by a signal, or raises SIGPIPE. Each direction closes by itself. Descriptors whose
/// status flags had to be changed (see `fcntl(2)`, O_NONBLOCK) get them back when their direction is closed or the
/// transport ends; if both directions share an open file description, when the later of them is. Until then other
/// holders of the same open file description see the change.
///
/// A terminal is not changed, but asked by `poll(2)` in each call. So one that another program reads at the same time may
/// still hold a read up: that program may take what `poll(2)` saw.
public struct FileDescriptorTransport: ~Copyable, Sendable {
  /// Who closes the descriptors.
  public enum Ownership: Sendable {
    /// The transport does, each when its direction is closed, at the latest at its own end.
    case owned
    /// The caller does. Closing a direction here stops its use, and tells a socket's other end.
    case borrowed
  }

  /// What a read found.
  public enum Reading: Hashable, Sendable {
    /// This many bytes were appended, one or more.
    case bytes(Int)
    /// Nothing is there now.
    case wouldBlock
    /// Nothing will come any more.
    case endOfFile
  }

  private var input: Descriptor?
  private var output: Descriptor?

  /// Makes a transport of two descriptors.
  ///
  /// - Parameters:
  ///   - reading: an open descriptor to read from.
  ///   - writing: an open descriptor to write to; may be the same as `reading` (a socket), and is then duplicated.
  ///   - ownership: who closes them. If this throws, an owned one may be closed already.
  /// - Throws: ``TransportError`` if one of them is not open.
  ///
  /// Corresponds to `fcntl(2)`.
  public init(reading: Int32, writing: Int32, ownership: Ownership = .owned) throws(TransportError) {
    let isOwned = ownership == .owned
    let wasBlocking = Descriptor.isBlocking(writing)
    let input = try Descriptor(reading, isOwned: isOwned)
    // What was changed for one descriptor shows in the other only if both are of one open file description, whatever
    // their numbers.
    let sharesFlags = wasBlocking && !Descriptor.isBlocking(writing)
    // Two descriptors in any case, so that each direction closes by itself.
    let isDuplicated = reading == writing
    let writing = isDuplicated ? fcntl(writing, F_DUPFD_CLOEXEC, 0) : writing
    guard writing >= 0 else { throw .last(.prepare) }
    output = try Descriptor(
      writing, isOwned: isOwned || isDuplicated, sharing: sharesFlags ? input.changedFlags : nil)
    self.input = consume input
  }

  private init(output: consuming Descriptor?) {
    input = nil
    self.output = output
  }

  /// Hands the writing direction over, to a transport that has only that.
  mutating func takeOutput() -> FileDescriptorTransport { FileDescriptorTransport(output: output.take()) }

  /// The descriptor that is read from, for `poll(2)`; `nil` once that direction is closed.
  public var readingDescriptor: Int32? {
    switch input {
    case .some(let input): input.number
    case .none: nil
    }
  }

  /// The descriptor that is written to, for `poll(2)`; `nil` once that direction is closed.
  public var writingDescriptor: Int32? {
    switch output {
    case .some(let output): output.number
    case .none: nil
    }
  }

  /// Whether what is read comes from a socket, which is not to be closed over unread bytes.
  var readsSocket: Bool {
    switch input {
    case .some(let input): input.isSocket
    case .none: false
    }
  }

  /// Reads what is there, at most what fits.
  ///
  /// - Parameter buffer: is appended to; has room for one byte at least. The kernel writes straight into it.
  /// - Returns: what was found; `.endOfFile` also after ``closeInput()``, and on the primary side of a pseudo-terminal whose
  ///   secondary has closed.
  /// - Throws: ``TransportError`` for what is neither data, end nor waiting, for example `ECONNRESET`.
  ///
  /// Corresponds to `read(2)`, on a socket to `recv(2)`.
  public func read(into buffer: inout OutputSpan<UInt8>) throws(TransportError) -> Reading {
    switch input {
    case .some(let input):
      switch try input.read(into: &buffer) {
      case nil: return .wouldBlock
      case 0: return .endOfFile
      case .some(let count): return .bytes(count)
      }
    case .none: return .endOfFile
    }
  }

  /// Writes what there is room for.
  ///
  /// - Parameter bytes: the bytes; they are copied by the kernel only.
  /// - Returns: how many were taken; 0 if there is no room now.
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
  public mutating func closeInput() { input = nil }

  /// Ends the writing direction; the other end reads an end of file behind what was written.
  ///
  /// Corresponds to `close(2)`, on a socket to `shutdown(2)` too.
  public mutating func closeOutput() {
    switch output {
    case .some(let output): output.shutDownWriting()
    case .none: break
    }
    output = nil
  }
}
