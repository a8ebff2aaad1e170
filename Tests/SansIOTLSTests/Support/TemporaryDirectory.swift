#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A directory for one test, removed with its files when the value is.
///
/// The C calls get arrays and strings that live for the call.
final class TemporaryDirectory {
  let path: String
  private var files: [String] = []

  init() {
    var template = Array("/tmp/sans-io-tls-XXXXXX".utf8CString)
    guard let made = unsafe mkdtemp(&template) else { fatalError("no temporary directory: errno \(errno)") }
    path = unsafe String(cString: made)
  }

  deinit {
    for file in files { unsafe unlink(file) }
    unsafe rmdir(path)
  }

  /// Writes a file and returns its path.
  func write(_ name: String, _ bytes: [UInt8]) -> String {
    let file = "\(path)/\(name)"
    guard let stream = unsafe fopen(file, "wb") else { fatalError("cannot write \(file): errno \(errno)") }
    let written = unsafe fwrite(bytes, 1, bytes.count, stream)
    unsafe fclose(stream)
    precondition(written == bytes.count, "cannot write \(file)")
    files.append(file)
    return file
  }

  /// Returns the contents of a file, at most 64 KiB; `nil` if it cannot be opened.
  func read(_ file: String) -> [UInt8]? {
    guard let stream = unsafe fopen(file, "rb") else { return nil }
    defer { unsafe fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe fread(&bytes, 1, bytes.count, stream)
    return Array(bytes.prefix(count))
  }
}
