internal import Synchronization

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A ``ByteTransport`` over open file descriptors: pipes, pseudo-terminals, serial lines, Unix and TCP sockets.
///
/// No thread of Swift's pool waits for bytes: a task that has to wait suspends, and one thread of the library blocks in
/// `poll(2)` for all of them. This suits hundreds of connections that wait at once. A call that blocks although
/// `poll(2)` promised otherwise (a file on a slow disk, a terminal with other readers) occupies a thread of the pool
/// and its own direction, but delays no other stream.
///
/// The rules for the descriptors' flags are those of ``NonblockingDescriptorPair``.
public final class FileDescriptorTransport: ByteTransport {
  /// One lock for each direction: a terminal or file may block a call that holds it, and the other direction continues.
  private let input: Mutex<NonblockingDescriptorPair>
  private let output: Mutex<NonblockingDescriptorPair>

  /// Read before each use: after the end of its direction a number may belong to another file. Never read under the
  /// locks above, because ``DescriptorWatch`` reads it and must not block.
  private let reading: Int32?
  private let writing: Mutex<Int32?>

  /// The bytes that one call of ``receive(upTo:)`` returns at most.
  private static let receivingLimit = 65_536

  /// Creates a transport that owns a pair of descriptors.
  ///
  /// - Parameter transport: Two descriptors, or one socket.
  public init(_ transport: consuming NonblockingDescriptorPair) {
    reading = transport.readingDescriptor
    writing = Mutex(transport.writingDescriptor)
    output = Mutex(transport.takeOutput())
    input = Mutex(transport)
  }

  /// Waits for bytes.
  ///
  /// - Parameter count: Bytes at most, 1 or more. A value above 65,536 counts as 65,536, the memory reserved for one
  ///   call.
  /// - Returns: The available bytes; `nil` at the end of file.
  /// - Throws: ``TransportError``, for example `ECONNRESET`; `ECANCELED` if the task was cancelled, which is not an
  ///   end: the next call returns what arrives later.
  ///
  /// Corresponds to `poll(2)`, `read(2)`.
  public func receive(upTo count: Int) async throws(TransportError) -> [UInt8]? {
    while true {
      if Task.isCancelled { throw TransportError(.read, number: ECANCELED) }
      var bytes: [UInt8] = []
      switch try read(into: &bytes, upTo: min(max(count, 1), Self.receivingLimit)) {
      case .bytes: return bytes
      case .endOfFile: return nil
      case .wouldBlock: try await DescriptorWatch.shared.wait(.reading) { [self] in reading }
      }
    }
  }

  /// Reads if bytes are available: `poll(2)` costs less than reserving memory for none.
  private func read(
    into bytes: inout [UInt8], upTo count: Int
  ) throws(TransportError) -> NonblockingDescriptorPair.Reading {
    try input.withLock { (transport) throws(TransportError) in
      guard let number = transport.readingDescriptor else { return .endOfFile }
      guard DescriptorWatch.isReady(number, .reading) else { return .wouldBlock }
      var reading = NonblockingDescriptorPair.Reading.wouldBlock
      try bytes.append(addingCapacity: count) { (output) throws(TransportError) in
        reading = try transport.read(into: &output)
      }
      return reading
    }
  }

  /// Sends all bytes.
  ///
  /// - Parameter bytes: The bytes.
  /// - Throws: ``TransportError``: `EPIPE` if the reader is gone, `EBADF` after ``closeOutput()``, `ECANCELED` if the
  ///   task was cancelled and there is no room for all of them.
  ///
  /// Corresponds to `poll(2)`, `write(2)`.
  public func send(_ bytes: [UInt8]) async throws(TransportError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      guard writing.withLock({ $0 }) != nil else { throw TransportError(.write, number: EBADF) }
      // Sound: a byte has no padding.
      let count = try output.withLock { (transport) throws(TransportError) in
        try transport.write(unsafe rest.span.bytes)
      }
      rest = rest.dropFirst(count)
      if count > 0 { continue }
      if Task.isCancelled { throw TransportError(.write, number: ECANCELED) }
      try await DescriptorWatch.shared.wait(.writing) { [self] in writing.withLock { $0 } }
    }
  }

  /// Ends the writing direction: the other end reads an end of file after what was sent. The call of a task that still
  /// waits to send throws `EBADF`.
  ///
  /// Corresponds to `close(2)`, on a socket to `shutdown(2)` too.
  public func closeOutput() async throws(TransportError) {
    guard let number = writing.withLock({ $0.take() }) else { return }
    // Before it closes: afterwards the number may belong to another file, with waits of its own.
    DescriptorWatch.shared.cancelWaits(for: number, .writing)
    output.withLock { $0.closeOutput() }
  }
}
