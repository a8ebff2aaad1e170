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
  /// The treatment of contents that a file already has.
  enum Beginning { case empty, append }

  private let transport: NonblockingDescriptorPair

  /// Opens it.
  ///
  /// - Parameters:
  ///   - file: the file, or whatever a path such as `/dev/fd/8` stands for.
  ///   - beginning: what happens to earlier contents.
  ///   - isSecret: a file that is created is for its owner alone. One that was there before and is emptied becomes so;
  ///     one that is appended to keeps its permissions, and a warning says who else can read it.
  /// - Throws: `ExitCode` after naming option and path, if it cannot be opened.
  init(_ file: NamedFile, _ beginning: Beginning = .empty, isSecret: Bool) throws {
    // O_APPEND: what several processes write does not overwrite one another.
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
    // Sound: the structure lives through the call, and it is one.
    _ = unsafe poll(&polled, 1, -1)
  }
}
