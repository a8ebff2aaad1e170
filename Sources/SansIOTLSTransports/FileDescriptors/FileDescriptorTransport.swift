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
/// No thread of Swift's pool waits for bytes: a call tries first, and a task that has to wait suspends, while the
/// thread of a ``DescriptorLoop`` blocks in its place, for thousands of descriptors at once. A call that blocks
/// nevertheless (a file on a slow disk, a terminal with other readers) occupies a thread of the pool and its own
/// direction, but delays no other stream.
///
/// The rules for the descriptors' flags are those of ``NonblockingDescriptorPair``.
public final class FileDescriptorTransport: NonblockingByteTransport {
  /// The error of a call of the system.
  public typealias Failure = TransportError

  /// One lock for each direction: a terminal or file may block a call that holds it, and the other direction continues.
  private let input: Mutex<NonblockingDescriptorPair>
  private let output: Mutex<NonblockingDescriptorPair>
  private let reading: DescriptorInterest
  private let writing: DescriptorInterest

  /// Whether both descriptors are sockets or pipes, which block no call.
  public let isNonblocking: Bool

  /// The memory reserved by the next receive, which follows what arrives: an idle transport keeps none.
  private let receivingSize = Atomic(receivingSizes.lowerBound)
  private static let receivingSizes = 2048...65_536

  /// Creates a transport that owns a pair of descriptors.
  ///
  /// - Parameters:
  ///   - transport: Two descriptors, or one socket.
  ///   - loop: The loop that waits for them.
  public init(_ transport: consuming NonblockingDescriptorPair, on loop: DescriptorLoop = .shared) {
    isNonblocking = transport.isNonblocking
    reading = DescriptorInterest(transport.readingDescriptor, Int16(POLLIN), on: loop)
    writing = DescriptorInterest(transport.writingDescriptor, Int16(POLLOUT), on: loop)
    output = Mutex(transport.takeOutput())
    input = Mutex(transport)
  }

  deinit {
    // Before the descriptors close: afterwards their numbers may belong to other files.
    reading.end()
    writing.end()
  }

  // MARK: Calls that wait

  /// Waits for bytes.
  ///
  /// - Parameter count: Bytes at most, 1 or more. A value above 65,536 counts as 65,536.
  /// - Returns: The available bytes; `nil` at the end of file.
  /// - Throws: ``TransportError``, for example `ECONNRESET`; `ECANCELED` if the task was cancelled, which is not an
  ///   end: the next call returns what arrives later.
  ///
  /// Corresponds to `read(2)`, `epoll_wait(2)`.
  public func receive(upTo count: Int) async throws(TransportError) -> [UInt8]? {
    while true {
      if Task.isCancelled { throw TransportError(.read, number: ECANCELED) }
      var bytes: [UInt8] = []
      switch try receive(into: &bytes, upTo: max(count, 1)) {
      case .bytes: return bytes
      case .endOfStream: return nil
      case .wouldBlock: try await wait(for: .receiving)
      }
    }
  }

  private func receive(into bytes: inout [UInt8], upTo count: Int) throws(TransportError) -> TransportReading {
    let size = min(count, receivingSize.load(ordering: .relaxed))
    let result = try input.withLock { (transport) throws(TransportError) in
      var reading = TransportReading.wouldBlock
      try bytes.append(addingCapacity: size) { (output) throws(TransportError) in
        reading = try transport.read(into: &output)
      }
      return reading
    }
    if case .bytes(let count) = result {
      receivingSize.store(Self.receivingSize(after: count, of: size), ordering: .relaxed)
    }
    return result
  }

  /// The memory to reserve after a receive of `count` bytes into `size`.
  private static func receivingSize(after count: Int, of size: Int) -> Int {
    if count == size { return min(size * 4, receivingSizes.upperBound) }
    return count < size / 4 ? max(size / 2, receivingSizes.lowerBound) : size
  }

  /// Sends all bytes.
  ///
  /// - Parameter bytes: The bytes.
  /// - Throws: ``TransportError``: `EPIPE` if the reader is gone, `EBADF` after ``closeOutput()``, `ECANCELED` if the
  ///   task was cancelled and there is no room for all of them.
  ///
  /// Corresponds to `write(2)`, `epoll_wait(2)`.
  public func send(_ bytes: [UInt8]) async throws(TransportError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // Sound: a byte has no padding.
      let count = try send(unsafe rest.span.bytes)
      rest = rest.dropFirst(count)
      if count > 0 { continue }
      if Task.isCancelled { throw TransportError(.write, number: ECANCELED) }
      try await wait(for: .sending)
    }
  }

  // MARK: Calls that return at once

  /// Receives the available bytes, as many as fit.
  ///
  /// - Parameter buffer: The buffer to append to; only the kernel copies the bytes.
  /// - Returns: The result; `.endOfStream` at the end of file.
  /// - Throws: ``TransportError``, for example `ECONNRESET`.
  ///
  /// Corresponds to `read(2)`, on a socket to `recv(2)`.
  public func receive(into buffer: inout OutputRawSpan) throws(TransportError) -> TransportReading {
    try input.withLock { (transport) throws(TransportError) in try transport.read(into: &buffer) }
  }

  /// Sends what there is room for.
  ///
  /// - Parameter bytes: The bytes; only the kernel copies them.
  /// - Returns: The number of bytes that were sent; 0 if there is no room now.
  /// - Throws: ``TransportError``: `EPIPE` if the reader is gone, `EBADF` after ``closeOutput()``.
  ///
  /// Corresponds to `write(2)`, on a socket to `send(2)`.
  public func send(_ bytes: RawSpan) throws(TransportError) -> Int {
    try output.withLock { (transport) throws(TransportError) in try transport.write(bytes) }
  }

  /// Requests one notification.
  ///
  /// - Parameters:
  ///   - direction: Receiving or sending.
  ///   - notification: Called on the loop's thread.
  /// - Throws: ``TransportError`` with operation `.poll`: `EBADF` after the direction was closed, `ENOSPC` if the
  ///   system watches as many descriptors as it may.
  ///
  /// Corresponds to `epoll_ctl(2)`.
  public func notify(
    when direction: TransportDirection, _ notification: @escaping @Sendable () -> Void
  ) throws(TransportError) {
    try (direction == .receiving ? reading : writing).notify(notification)
  }

  /// Ends the writing direction: the other end reads an end of file after what was sent. The call of a task that still
  /// waits to send throws `EBADF`.
  ///
  /// Corresponds to `close(2)`, on a socket to `shutdown(2)` too.
  public func closeOutput() {
    // Before it closes, as above. A call that blocks delays this one.
    writing.end()
    output.withLock { $0.closeOutput() }
  }
}
