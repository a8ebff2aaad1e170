import SansIOTLS

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

// Guide: reloading
/// A server's context that follows its files: new connections get the certificate that is there now.
public actor ReloadedContext {
  /// Hands the current context to new connections; old ones keep theirs.
  public nonisolated let holder: TLSContextHolder
  private let certificateFile: String
  private let privateKeyFile: String
  private var stamps: [FileStamp?]

  /// Reads the files, which must fit each other.
  public init(certificateFile: String, privateKeyFile: String) throws(TLSError) {
    self.certificateFile = certificateFile
    self.privateKeyFile = privateKeyFile
    stamps = [FileStamp(certificateFile), FileStamp(privateKeyFile)]
    holder = TLSContextHolder(
      try serverContext(certificateFile: certificateFile, privateKeyFile: privateKeyFile))
  }

  /// Reads the files again if one of them has changed. After an error the old context stays in use, for example while
  /// only one of the two files has been replaced.
  ///
  /// - Returns: whether there is a new context.
  public func reloadIfChanged() throws(TLSError) -> Bool {
    let current = [FileStamp(certificateFile), FileStamp(privateKeyFile)]
    if current == stamps { return false }
    try holder.replace(by: serverContext(certificateFile: certificateFile, privateKeyFile: privateKeyFile))
    stamps = current
    return true
  }

  /// Looks at the files until the task is cancelled.
  public func watch(every interval: Duration) async throws {
    while true {
      try await Task.sleep(for: interval)
      do throws(TLSError) { _ = try reloadIfChanged() } catch { print(error) }
    }
  }
}
// Guide: end

/// The state of a file by which a change shows.
private struct FileStamp: Equatable {
  private let inode: UInt64
  private let size: Int64
  private let seconds: Int
  private let nanoseconds: Int

  /// - Returns: `nil` if there is no such file.
  init?(_ path: String) {
    var status = stat()
    // Sound: path and structure are valid during the call.
    guard unsafe stat(path, &status) == 0 else { return nil }
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    seconds = time.tv_sec
    nanoseconds = time.tv_nsec
  }
}
