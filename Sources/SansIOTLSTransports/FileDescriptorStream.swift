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
/// No thread of Swift's pool ever blocks: a task that has to wait suspends, and one thread of the library blocks in
/// `poll(2)` for all of them. That is fit for hundreds of connections that wait at once.
///
/// The rules for the descriptors' flags are those of ``FileDescriptorTransport``.
public final class FileDescriptorStream: ByteTransport {
  private let transport: Mutex<FileDescriptorTransport>
  private let reading: Int32?
  private let writing: Int32?

  /// Takes a transport over.
  ///
  /// - Parameter transport: two descriptors, or one socket.
  public init(_ transport: consuming FileDescriptorTransport) {
    reading = transport.readingDescriptor
    writing = transport.writingDescriptor
    self.transport = Mutex(transport)
  }

  /// Waits for bytes.
  ///
  /// - Parameter count: bytes at most, 1 or more.
  /// - Returns: what was there; `nil` at the end of file.
  /// - Throws: ``TransportError``, for example `ECONNRESET`; `ECANCELED` if the task was cancelled, which is no end: what
  ///   comes later is there for the next call.
  ///
  /// Corresponds to `poll(2)`, `read(2)`.
  public func receive(upTo count: Int) async throws(TransportError) -> [UInt8]? {
    guard let reading else { return nil }
    while true {
      if Task.isCancelled { throw TransportError(.read, number: ECANCELED) }
      // A terminal is to be read only when poll(2) says so; for the others it saves a failing read(2).
      if DescriptorWatch.isReady(reading, .reading) {
        var bytes: [UInt8] = []
        switch try read(into: &bytes, upTo: max(count, 1)) {
        case .bytes: return bytes
        case .endOfFile: return nil
        case .wouldBlock: break
        }
      }
      try await DescriptorWatch.shared.wait(for: reading, .reading)
    }
  }

  private func read(
    into bytes: inout [UInt8], upTo count: Int
  ) throws(TransportError) -> FileDescriptorTransport.Reading {
    var reading = FileDescriptorTransport.Reading.wouldBlock
    try bytes.append(addingCapacity: count) { (output) throws(TransportError) in
      reading = try transport.withLock { (transport) throws(TransportError) in try transport.read(into: &output) }
    }
    return reading
  }

  /// Sends all bytes.
  ///
  /// - Parameter bytes: the bytes.
  /// - Throws: ``TransportError``: `EPIPE` if the reader is gone, `ECANCELED` if the task was cancelled before all of them
  ///   went.
  ///
  /// Corresponds to `poll(2)`, `write(2)`.
  public func send(_ bytes: [UInt8]) async throws(TransportError) {
    guard let writing else { throw TransportError(.write, number: EBADF) }
    var rest = bytes[...]
    while !rest.isEmpty {
      if Task.isCancelled { throw TransportError(.write, number: ECANCELED) }
      if DescriptorWatch.isReady(writing, .writing) {
        // Sound: a byte has no padding.
        let count = try transport.withLock { (transport) throws(TransportError) in
          try transport.write(unsafe rest.span.bytes)
        }
        rest = rest.dropFirst(count)
        if count > 0 { continue }
      }
      try await DescriptorWatch.shared.wait(for: writing, .writing)
    }
  }

  /// Ends the writing direction: the other end reads an end of file behind what was sent.
  ///
  /// Corresponds to `close(2)`, on a socket to `shutdown(2)` too.
  public func endSending() async throws(TransportError) { transport.withLock { $0.closeOutput() } }
}
