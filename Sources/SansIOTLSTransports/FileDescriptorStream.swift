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

  /// What one call of ``receive(upTo:)`` takes at most, in bytes.
  private static let receivingLimit = 65_536

  /// Takes a transport over.
  ///
  /// - Parameter transport: two descriptors, or one socket.
  public init(_ transport: consuming FileDescriptorTransport) { self.transport = Mutex(transport) }

  // A number is asked for each time that it is used: behind the end of its direction it may be somebody else's.

  private var reading: Int32? { transport.withLock { $0.readingDescriptor } }

  private var writing: Int32? { transport.withLock { $0.writingDescriptor } }

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
  ) throws(TransportError) -> FileDescriptorTransport.Reading {
    try transport.withLock { (transport) throws(TransportError) in
      guard let number = transport.readingDescriptor else { return .endOfFile }
      guard DescriptorWatch.isReady(number, .reading) else { return .wouldBlock }
      var reading = FileDescriptorTransport.Reading.wouldBlock
      try bytes.append(addingCapacity: count) { (output) throws(TransportError) in
        reading = try transport.read(into: &output)
      }
      return reading
    }
  }

  /// Sends all bytes.
  ///
  /// - Parameter bytes: the bytes.
  /// - Throws: ``TransportError``: `EPIPE` if the reader is gone, `EBADF` behind ``endSending()``, `ECANCELED` if the task was
  ///   cancelled before all of them went.
  ///
  /// Corresponds to `poll(2)`, `write(2)`.
  public func send(_ bytes: [UInt8]) async throws(TransportError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      if Task.isCancelled { throw TransportError(.write, number: ECANCELED) }
      // Sound: a byte has no padding.
      let count = try transport.withLock { (transport) throws(TransportError) in
        try transport.write(unsafe rest.span.bytes)
      }
      rest = rest.dropFirst(count)
      if count == 0 { try await DescriptorWatch.shared.wait(.writing) { [self] in writing } }
    }
  }

  /// Ends the writing direction: the other end reads an end of file behind what was sent. A task that still waits to send is
  /// told so: its call throws `EBADF`.
  ///
  /// Corresponds to `close(2)`, on a socket to `shutdown(2)` too.
  public func endSending() async throws(TransportError) {
    let number = transport.withLock { transport in
      let number = transport.writingDescriptor
      transport.closeOutput()
      return number
    }
    if let number { DescriptorWatch.shared.forget(number, .writing) }
  }
}
