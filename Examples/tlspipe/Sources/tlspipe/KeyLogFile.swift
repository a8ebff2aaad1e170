import ArgumentParser
import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file in the NSS key log format, which several connections may append to at once.
final class KeyLogFile: Sendable {
  private let descriptor: Int32

  /// - Throws: `ExitCode` after saying so, if the file cannot be opened.
  init(path: String) throws {
    // O_APPEND: lines of several processes do not overwrite one another. The secrets are for the owner alone.
    // Sound: the path is lent for the call.
    descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw ExitReport.usage("cannot write \(path): \(TransportError(.write, number: errno))")
    }
  }

  deinit { close(descriptor) }

  func append(_ line: String) {
    var text = line + "\n"
    // Sound: the bytes are lent for the call. A log that cannot be written must not end the connection.
    text.withUTF8 { bytes in _ = unsafe write(descriptor, bytes.baseAddress, bytes.count) }
  }
}
