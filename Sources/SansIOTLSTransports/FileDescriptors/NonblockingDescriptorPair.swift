#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A byte transport over two file descriptors: pipes, sockets, terminals, files, in any mixture.
///
/// No call blocks, is cut short by a signal, or raises SIGPIPE. Each direction closes by itself.
///
/// The descriptors' status flags (see `fcntl(2)`, O_NONBLOCK) are neither needed nor changed: other programs share them. On
/// Linux a pipe is opened a second time through `/proc/self/fd`, so that the flag is set where nobody else sees it; that takes
/// one more descriptor for each direction, which closes with it. A pipe that cannot be opened (no `/proc`, another user's), a
/// terminal and any other device are asked by `poll(2)` in each call, and pipes and terminals written in small pieces. Then a
/// call may still be held up by another program that uses the same pipe or terminal: it may take the bytes that `poll(2)` saw,
/// or fill the room.
public struct NonblockingDescriptorPair: ~Copyable, Sendable {
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
  /// Corresponds to `fstat(2)`, `open(2)`.
  public init(reading: Int32, writing: Int32, ownership: Ownership = .owned) throws(TransportError) {
    try self.init(reading: reading, writing: writing, ownership: ownership, reopensPipes: true)
  }

  /// - Parameter reopensPipes: whether pipes are opened a second time where that is possible.
  init(reading: Int32, writing: Int32, ownership: Ownership, reopensPipes: Bool) throws(TransportError) {
    let isOwned = ownership == .owned
    let input = try Descriptor(reading, for: .reading, isOwned: isOwned, reopensPipes: reopensPipes)
    // Two descriptors in any case, so that each direction closes by itself.
    let isDuplicated = reading == writing
    let writing = isDuplicated ? fcntl(writing, F_DUPFD_CLOEXEC, 0) : writing
    guard writing >= 0 else { throw .last(.prepare) }
    output = try Descriptor(
      writing, for: .writing, isOwned: isOwned || isDuplicated, reopensPipes: reopensPipes)
    self.input = consume input
  }

  private init(output: consuming Descriptor?) {
    input = nil
    self.output = output
  }

  /// Hands the writing direction over, to a transport that has only that.
  mutating func takeOutput() -> NonblockingDescriptorPair { NonblockingDescriptorPair(output: output.take()) }

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

  /// How many of the written bytes the reader has not taken yet; `nil` where the kernel does not say.
  var unreadCount: Int? {
    switch output {
    case .some(let output): output.unreadCount
    case .none: nil
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
