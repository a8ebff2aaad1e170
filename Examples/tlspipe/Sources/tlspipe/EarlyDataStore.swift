import ArgumentParser
import SansIOTLS

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The folder of `--early-data-store`: the offers of early data that the servers with the same ticket keys have
/// accepted.
///
/// Time is divided into periods that are longer than an offer is good for, each with a folder of its own. An offer is
/// accepted by the process that creates its file in the folders of this period and of the next: of two that see it in
/// the same period or in neighbouring ones, one fails. The folders of past periods are removed as a whole, so that no
/// process removes a file that another one has just created.
///
/// A file is named after 16 bits of its offer, so that a period has 65,536 at most, whatever is sent. Two offers that
/// share them cost the second client a round trip.
struct EarlyDataStore {
  private let folder: NamedFile

  /// A second more than libssl accepts an offer.
  private static let period = TLSReplayFilter.windowSeconds + 1

  /// - Throws: `ExitCode` after reporting that it is not a folder.
  init(_ path: String) throws {
    folder = NamedFile("--early-data-store", path)
    var status = stat()
    // Sound: path and structure are valid during the call.
    guard unsafe stat(path, &status) == 0 else { throw folder.refused("cannot use it: \(NamedFile.reason(errno))") }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw folder.refused("it is not a folder") }
    // Sound: the path is valid during the call.
    guard unsafe access(path, R_OK | W_OK | X_OK) == 0 else {
      throw folder.refused("cannot use it: \(NamedFile.reason(errno))")
    }
    if status.st_mode & 0o022 != 0 {
      let mode = String(status.st_mode & 0o777, radix: 8)
      StandardError.say(
        "warning: \(folder): others can remove what it remembers (mode \(mode)); chmod 700 makes it its owner's alone")
    }
  }

  /// Remembers an offer.
  ///
  /// - Parameters:
  ///   - token: the offer's `earlyDataToken`.
  ///   - time: the time in seconds since 1970.
  /// - Returns: whether no process has remembered it before. If it cannot be remembered, which is reported, it counts
  ///   as known.
  func admits(_ token: [UInt8], at time: Int64 = WallClock.seconds) -> Bool {
    let present = time / Self.period
    removePeriods(before: present - 1)
    let name = Array(token.prefix(2)).hexadecimal()
    for period in [present, present + 1] {
      guard makeFolder(of: period) else { return failed() }
      let descriptor = systemOpen("\(path(of: period))/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      if descriptor < 0 { return errno == EEXIST ? false : failed() }
      close(descriptor)
    }
    return true
  }

  private func path(of period: Int64) -> String { "\(folder.path)/\(period)" }

  private func makeFolder(of period: Int64) -> Bool {
    // Sound: the path is valid during the call.
    unsafe mkdir(path(of: period), 0o700) == 0 || errno == EEXIST
  }

  private func failed() -> Bool {
    StandardError.say(
      "warning: \(folder): cannot remember an offer of early data: \(NamedFile.reason(errno)); it is rejected")
    return false
  }

  /// Removes the folders of past periods. Another process may do the same at the same time.
  private func removePeriods(before period: Int64) {
    for name in Self.names(in: folder.path) {
      guard let past = Int64(name), 0..<period ~= past, name == "\(past)" else { continue }
      for file in Self.names(in: path(of: past)) { remove("\(path(of: past))/\(file)") }
      remove(path(of: past))
    }
  }

  /// The names in a folder, except those that begin with a dot.
  private static func names(in path: String) -> [String] {
    // Sound: the path is valid during the call, and the stream until it is closed.
    guard let stream = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe String(cString: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}

/// Removes a file or an empty folder.
private func remove(_ path: String) {
  // Sound: the path is valid during the call.
  #if canImport(Darwin)
    _ = unsafe Darwin.remove(path)
  #elseif canImport(Musl)
    _ = unsafe Musl.remove(path)
  #else
    _ = unsafe Glibc.remove(path)
  #endif
}
