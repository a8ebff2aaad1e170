import ArgumentParser
import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file, or a pipe by its path, for output other than the data.
struct OutputFile: ~Copyable {
  /// The treatment of contents that a file already has.
  enum Beginning { case empty, append }

  private let transport: NonblockingDescriptorPair

  /// Opens the file.
  /// - Parameters:
  ///   - file: the file, or the descriptor of a path such as `/dev/fd/8`.
  ///   - beginning: the treatment of existing contents.
  ///   - isSecret: whether only the owner may read the file. A file that is appended to keeps its permissions, and a
  ///     warning reports who else can read it.
  /// - Throws: `ExitCode` after naming option and path, if it cannot be opened.
  init(_ file: NamedFile, _ beginning: Beginning = .empty, isSecret: Bool) throws {
    // O_APPEND: several processes do not overwrite one another's output.
    let descriptor = try file.open(
      O_WRONLY | O_CREAT | (beginning == .empty ? O_TRUNC : O_APPEND), mode: isSecret ? 0o600 : 0o666, because: "write")
    if isSecret, let mode = NamedFile.permissions(of: descriptor), mode & 0o077 != 0 {
      switch beginning {
      case .empty:
        guard fchmod(descriptor, 0o600) == 0 else {
          throw file.refused("cannot write it for its owner alone: \(NamedFile.reason(errno))")
        }
      case .append:
        StandardError.say(
          "warning: \(file): others can use it (mode \(String(mode, radix: 8))), and what is appended opens the "
            + "connection; chmod 600 makes it its owner's alone")
      }
    }
    transport = try NonblockingDescriptorPair(reading: descriptor, writing: descriptor)
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
    // Sound: the structure is valid during the call, and the count is 1.
    _ = unsafe poll(&polled, 1, -1)
  }
}
