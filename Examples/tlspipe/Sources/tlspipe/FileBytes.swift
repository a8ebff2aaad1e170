import ArgumentParser
import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file named on the command line.
enum FileBytes {
  /// Certificates and keys are small; a path that leads elsewhere (a device) must not fill the memory.
  private static let limit = 16 * 1024 * 1024

  /// The contents of a file, or of whatever a path such as `/dev/fd/8` stands for.
  ///
  /// - Throws: `ExitCode` after naming the path, if it cannot be read.
  static func read(_ path: String) throws -> [UInt8] {
    // Sound: the path is lent for the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while bytes.count <= limit {
      // Sound: the array lives through the call and has the length that is given.
      let count = unsafe chunk.withUnsafeMutableBytes { unsafe systemRead(descriptor, $0.baseAddress, $0.count) }
      if count == 0 { return bytes }
      if count > 0 {
        bytes.append(contentsOf: chunk[..<count])
      } else if errno != EINTR {
        throw unreadable(path)
      }
    }
    throw ExitReport.usage("\(path) is larger than \(limit) bytes; a PEM file is expected")
  }

  private static func unreadable(_ path: String) -> ExitCode {
    ExitReport.usage("cannot read \(path): \(TransportError(.read, number: errno))")
  }
}

private func systemRead(_ descriptor: Int32, _ address: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  unsafe read(descriptor, address, count)
}
