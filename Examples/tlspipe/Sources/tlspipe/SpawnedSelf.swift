import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Another process of this program. swift-subprocess, which starts COMMAND, passes a child the three standard
/// descriptors and closes all others. A demonstration peer has up to nine: plaintext, ciphertext, credentials.
/// Therefore this uses `posix_spawn(3)`.
struct SpawnedSelf {
  let identifier: pid_t

  /// - Parameters:
  ///   - arguments: the arguments without the program's name.
  ///   - descriptors: the child's number for each descriptor of this process. The latter are above all of the child's
  ///     and close-on-exec, so that nothing else is inherited.
  /// - Throws: `TransportError` if the process cannot be started.
  init(_ arguments: [String], descriptors: [Int32: Int32]) throws(TransportError) {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = unsafe posix_spawn_file_actions_t()
    #endif
    // Sound: the actions are initialized before and destroyed after their use; the argument strings are copies that are
    // valid until the child has its own, and the vector ends with NULL.
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (child, own) in descriptors { _ = unsafe posix_spawn_file_actions_adddup2(&actions, own, child) }
    var vector = unsafe ([Self.path] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe vector.forEach { unsafe free($0) } }
    var identifier: pid_t = 0
    let error = unsafe posix_spawn(&identifier, Self.path, &actions, nil, &vector, environ)
    guard error == 0 else { throw TransportError(.prepare, number: error) }
    self.identifier = identifier
  }

  /// Waits for the end of the process.
  /// - Returns: the exit code; 128 plus the signal's number if a signal terminated it.
  func wait() -> Int32 {
    var status: Int32 = 0
    // Sound: `status` is valid during the call.
    while unsafe waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f
  }

  /// The path of the running program.
  static let path: String = {
    #if canImport(Darwin)
      var size: UInt32 = 4096
      var buffer = [CChar](repeating: 0, count: Int(size))
      guard unsafe _NSGetExecutablePath(&buffer, &size) == 0 else { return CommandLine.arguments[0] }
      return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    #else
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
      guard count > 0 else { return CommandLine.arguments[0] }
      return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    #endif
  }()
}
