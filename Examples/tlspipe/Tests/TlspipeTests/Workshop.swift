import Glibc
import SansIOTLSTestKit
import Subprocess

/// A directory of a test, removed at its end, with the input of the programs under test: certificates, keys, scripts.
final class Workshop: Sendable {
  static let serverName = "server.example"

  let path: String
  let identity: TestIdentity

  init(identity: TestIdentity = .server(Workshop.serverName)) {
    var template = Array("/tmp/tlspipe-tests-XXXXXX".utf8CString)
    // Sound: the template is a NUL-terminated array, which mkdtemp(3) changes in place.
    guard unsafe mkdtemp(&template) != nil else { preconditionFailure("no temporary directory") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    self.identity = identity
    write("ca.pem", identity.authority.rootPEM)
    write("chain.pem", identity.chainPEM)
    write("key.pem", identity.privateKeyPEM)
  }

  deinit { Self.remove(path) }

  /// Removes a file, or a folder with its contents.
  private static func remove(_ path: String) {
    // Sound: the path is valid during the calls.
    if unsafe unlink(path) == 0 { return }
    for name in names(in: path) { remove("\(path)/\(name)") }
    _ = unsafe rmdir(path)
  }

  /// The names in a folder; none if there is none.
  private static func names(in path: String) -> Set<String> {
    // Sound: the path is valid during the call, and the entries until the stream is closed.
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: Set<String> = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe String(cString: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
      }
      if name != ".", name != ".." { names.insert(name) }
    }
    return names
  }

  func names(in folder: String) -> Set<String> { Self.names(in: file(folder)) }

  /// Creates a folder, unless it exists.
  @discardableResult
  func folder(_ name: String) -> String {
    // Sound: the path is valid during the call.
    let result = unsafe mkdir(file(name), 0o700)
    precondition(result == 0 || errno == EEXIST)
    return file(name)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) -> String {
    // Sound: path and array are valid during the calls, and the length is the array's.
    let descriptor = unsafe open(file(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    precondition(descriptor >= 0)
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written)
      }
      precondition(count > 0)
      written += count
    }
    close(descriptor)
    return file(name)
  }

  /// Creates a shell script that can be run by its path.
  ///
  /// A child process writes it: the kernel runs no file that is open for writing, and a file that is open in this
  /// process is briefly also open in each program that another test starts.
  @discardableResult
  func script(_ name: String, _ text: String) -> String {
    // Sound: the strings are valid during the calls, and the stream is open until pclose(3), which waits for the child.
    let child = unsafe popen("cat >\(file(name)) && chmod 700 \(file(name))", "we")
    precondition(unsafe child != nil)
    unsafe fputs("#!/bin/sh\n\(text)\n", child)
    let status = unsafe pclose(child)
    precondition(status == 0)
    return file(name)
  }

  /// Writes a copy of a key, encrypted with a passphrase.
  static func lock(_ passphrase: String, key: String, as copy: String) async throws {
    let result = try await Tool.run(
      "openssl", ["pkey", "-in", key, "-aes256", "-passout", "pass:\(passphrase)", "-out", copy])
    precondition(result.exitCode == 0)
  }

  /// Returns the contents of a file; empty if it does not exist.
  func read(_ name: String) -> [UInt8] {
    // Sound: path and array are valid during the calls.
    let descriptor = unsafe open(file(name), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
      if count <= 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  func text(_ name: String) -> String { String(decoding: read(name), as: UTF8.self) }

  /// The permission bits of a file.
  func permissions(_ name: String) -> mode_t {
    var status = stat()
    // Sound: the structure is valid during the call.
    return unsafe stat(file(name), &status) == 0 ? status.st_mode & 0o777 : 0
  }

  /// The command line of a server with this workshop's identity.
  func serverCommand(_ options: String = "", command: String) -> String {
    "\(Tool.path) server --certificate \(file("chain.pem")) --private-key \(file("key.pem")) \(options) -- \(command)"
  }

  /// The arguments of a client that trusts this workshop's authority.
  func clientArguments(_ options: [String] = [], name: String = serverName, command: [String]) -> [String] {
    ["client", "--server-name", name, "--ca", file("ca.pem")] + options + ["--"] + command
  }

  /// Returns bytes whose pattern matches no buffer size, the same in each run.
  static func noise(_ count: Int) -> [UInt8] {
    var random = SplitMix(seed: 7)
    // A prime number of generated bytes, then their repetition, which costs less.
    var bytes = (0..<min(count, 1_048_573)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    while bytes.count < count { bytes += bytes.prefix(count - bytes.count) }
    return bytes
  }
}
