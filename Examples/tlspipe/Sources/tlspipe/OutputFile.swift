import ArgumentParser
import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file, or a pipe by its path, that a run fills besides moving its data.
struct OutputFile: ~Copyable {
  private let transport: FileDescriptorTransport

  /// Opens it; what was in it is gone.
  ///
  /// - Parameters:
  ///   - path: the file, or whatever a path such as `/dev/fd/8` stands for.
  ///   - isSecret: a file is for its owner alone, even if it was there before and open to others.
  /// - Throws: `ExitCode` after naming the path, if it cannot be opened.
  init(_ path: String, isSecret: Bool) throws {
    // Sound: path and structure are lent for the calls.
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, isSecret ? 0o600 : 0o666)
    var status = stat()
    guard descriptor >= 0, unsafe fstat(descriptor, &status) == 0 else { throw Self.unwritable(path) }
    if isSecret, status.st_mode & S_IFMT == S_IFREG, fchmod(descriptor, 0o600) != 0 { throw Self.unwritable(path) }
    transport = try FileDescriptorTransport(reading: descriptor, writing: descriptor)
  }

  /// Writes all bytes, waiting for the reader if it is a pipe.
  func write(_ bytes: [UInt8]) throws(TransportError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // Sound: a byte has no padding, so its memory is all initialized.
      let count = try unsafe transport.write(rest.span.bytes)
      if count == 0 { waitForRoom() }
      rest = rest.dropFirst(count)
    }
  }

  private func waitForRoom() {
    var polled = pollfd(fd: transport.writingDescriptor ?? -1, events: Int16(POLLOUT), revents: 0)
    // Sound: the structure lives through the call, and it is one.
    _ = unsafe poll(&polled, 1, -1)
  }

  private static func unwritable(_ path: String) -> ExitCode {
    ExitReport.usage("cannot write \(path): \(TransportError(.write, number: errno))")
  }
}
