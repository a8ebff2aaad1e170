internal import Synchronization

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A ``ByteTransport`` over file descriptors that somebody opened: pipes, pseudo-terminals, serial lines, Unix and TCP
/// sockets.
///
/// No thread of Swift's pool waits for bytes: a task that has to wait suspends, and one thread of the library blocks in
/// `poll(2)` for all of them. That is fit for hundreds of connections that wait at once. What holds up a call although
/// `poll(2)` promised otherwise (a file on a slow disk, a terminal that others read too) keeps a thread of the pool, and its
/// own direction, but no other stream.
///
/// The rules for the descriptors' flags are those of ``NonblockingDescriptorPair``.
public final class FileDescriptorTransport: ByteTransport {
  /// One lock for each direction: a terminal or file may hold up a call behind it, and the other direction goes on.
  private let input: Mutex<NonblockingDescriptorPair>
  private let output: Mutex<NonblockingDescriptorPair>

  /// Asked for each time that they are used: behind the end of its direction a number may be somebody else's. Never behind
  /// the locks above, because ``DescriptorWatch`` asks, and must not wait.
  private let reading: Int32?
  private let writing: Mutex<Int32?>

  /// What one call of ``receive(upTo:)`` takes at most, in bytes.
  private static let receivingLimit = 65_536

  /// Takes a transport over.
  ///
  /// - Parameter transport: two descriptors, or one socket.
  public init(_ transport: consuming NonblockingDescriptorPair) {
    reading = transport.readingDescriptor
    writing = Mutex(transport.writingDescriptor)
    output = Mutex(transport.takeOutput())
    input = Mutex(transport)
  }

  /// Waits for bytes.
  ///
  /// - Parameter count: bytes at most, 1 or more. Beyond 65,536 it is taken for that many: so much memory is held ready for
  ///   one call.
  /// - Returns: what was there; `nil` at the end of file.
  /// - Throws: ``TransportError``, for example `ECONNRESET`; `ECANCELED` if the task was cancelled, which is no end: what
  ///   comes later is there for the next call.
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

  /// Reads if there is something: `poll(2)` costs less than room for bytes that are not there.
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
  /// - Parameter bytes: the bytes.
  /// - Throws: ``TransportError``: `EPIPE` if the reader is gone, `EBADF` behind ``closeOutput()``, `ECANCELED` if the task was
  ///   cancelled and there is no room for all of them.
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

  /// Ends the writing direction: the other end reads an end of file behind what was sent. A task that still waits to send is
  /// told so: its call throws `EBADF`.
  ///
  /// Corresponds to `close(2)`, on a socket to `shutdown(2)` too.
  public func closeOutput() async throws(TransportError) {
    guard let number = writing.withLock({ $0.take() }) else { return }
    // Before it closes: behind that the number may be somebody else's, who waits for it.
    DescriptorWatch.shared.forget(number, .writing)
    output.withLock { $0.closeOutput() }
  }
}
