import ArgumentParser
import SansIOTLS
import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The file of `--session`: one session of a client, for its owner alone.
///
/// Processes may share the file. A process that takes a session of TLS 1.3 renames the file first, so that two never
/// offer the same; one that saves a session writes another file, and renames that. No one reads half a session. Hard
/// links are not needed: some file systems have none.
struct SessionFile {
  private let file: NamedFile
  /// The file itself, also if the option names a symbolic link: to rename the link would leave the session where it is,
  /// and another process could offer it again.
  private let path: String
  /// The name of what this process takes or writes.
  private let ownPath: String

  init(_ path: String) {
    file = NamedFile("--session", path)
    self.path = Self.target(of: path)
    ownPath = "\(self.path).\(getpid())"
  }

  /// The target of a symbolic link; the path itself if there is none. The target may be a file that the first session
  /// creates.
  private static func target(of path: String, links: Int = 40) -> String {
    // Sound: the path is valid during the call, which returns memory of its own; it is copied, and then freed.
    if let target = unsafe realpath(path, nil) {
      defer { unsafe free(target) }
      return unsafe String(cString: target)
    }
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    // Sound: readlink(2) writes at most the given length, which is the array's.
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    guard count > 0, links > 0 else { return path }
    let target = String(decoding: buffer[..<count], as: UTF8.self)
    let folder = target.hasPrefix("/") ? "" : path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    return self.target(of: folder + target, links: links - 1)
  }

  /// Takes the session. One of TLS 1.2, which may be offered again, stays in the file.
  ///
  /// - Returns: the session; `nil` if there is no file, or if it is damaged or has expired, which is reported or
  ///   harmless.
  /// - Throws: `ExitCode` after reporting that the file cannot be used, or is not one of a session: it is left as it
  ///   is.
  func take() throws -> TLSSession? {
    guard let bytes = try contents(at: path) else { return nil }
    do throws(TLSError) {
      let session = try TLSSession(bytes: bytes)
      if !session.isSingleUse, !hasExpired(session) { return session }
    } catch {
      // A key named by mistake must not be renamed.
      if !bytes.isEmpty, error.hint.contains("not a session of this library") {
        throw file.refused("it holds something else than a session, and is not changed; name another file")
      }
    }
    guard rename(path, ownPath) == 0 else {
      // Another process was faster.
      if errno == ENOENT { return nil }
      throw file.refused("cannot take the session from it: \(NamedFile.reason(errno))")
    }
    defer { unlink(ownPath) }
    guard let bytes = try contents(at: ownPath) else { return nil }
    do throws(TLSError) {
      let session = try TLSSession(bytes: bytes)
      if hasExpired(session) { return nil }
      // Another process has saved it since it was looked at. What a third one has saved by now is lost.
      if !session.isSingleUse { _ = rename(ownPath, path) }
      return session
    } catch {
      if !bytes.isEmpty { StandardError.say("warning: \(file): \(error.hint)") }
      return nil
    }
  }

  private func hasExpired(_ session: TLSSession) -> Bool {
    session.creationTime + session.lifetime <= WallClock.seconds
  }

  /// Saves a session.
  ///
  /// - Returns: whether it was saved; a failure is reported.
  func save(_ session: TLSSession) -> Bool {
    unlink(ownPath)
    let descriptor = systemOpen(ownPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { return failed() }
    var rest = session.bytes[...]
    var isWritten = true
    while isWritten, !rest.isEmpty {
      // Sound: the bytes are valid during the call, and the length is their own.
      let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { isWritten = false }
    }
    if close(descriptor) != 0 || !isWritten || rename(ownPath, path) != 0 {
      defer { unlink(ownPath) }
      return failed()
    }
    return true
  }

  /// Removes a session that the server refused, or whose connection failed.
  func remove() { unlink(path) }

  private func failed() -> Bool {
    StandardError.say(
      "\(file): cannot save the session: \(NamedFile.reason(errno)); the next connection resumes nothing")
    return false
  }

  private func contents(at path: String) throws -> [UInt8]? {
    // Not a device or a pipe: those cannot be taken by renaming, and may never end.
    let descriptor = systemOpen(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw file.refused("cannot read it: \(NamedFile.reason(errno))")
    }
    defer { close(descriptor) }
    guard let mode = NamedFile.permissions(of: descriptor) else {
      throw file.refused("it is not a file; a session is kept in one")
    }
    if path == self.path { file.warnOfOthers(mode) }
    return try file.contents(of: descriptor)
  }
}

// The members of `NamedFile` do not hide these here, but the imported functions take C strings.

@discardableResult
private func unlink(_ path: String) -> Int32 {
  // Sound: the path is valid during the call.
  #if canImport(Darwin)
    unsafe Darwin.unlink(path)
  #elseif canImport(Musl)
    unsafe Musl.unlink(path)
  #else
    unsafe Glibc.unlink(path)
  #endif
}

private func rename(_ old: String, _ new: String) -> Int32 {
  // Sound: the paths are valid during the call.
  #if canImport(Darwin)
    unsafe Darwin.rename(old, new)
  #elseif canImport(Musl)
    unsafe Musl.rename(old, new)
  #else
    unsafe Glibc.rename(old, new)
  #endif
}
