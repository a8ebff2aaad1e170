import SansIOTLS

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The program of `--judge`: it reads a client's chain, and its exit status decides.
struct Judge {
  /// Run by `/bin/sh`.
  let command: String
  /// The time that the program has.
  let patience: Duration

  /// Asks the program about a client's certificates.
  ///
  /// - Parameter presented: the client's certificates and the result of their verification.
  /// - Returns: what the verification says if the program exits with 0. Otherwise a refusal: by the alert whose number
  ///   is the exit status, if a server can refuse a client by it, and else by access_denied.
  func answer(_ presented: TLSEngine.PeerCertificates) -> TLSEngine.PeerCertificates.Answer {
    switch status(presented) {
    case 0?: .followVerification
    case let status? where Self.alerts.contains(status): .distrust(TLSAlert(rawValue: UInt8(status)))
    default: .distrust(.accessDenied)
    }
  }

  /// Alerts about certificates and access.
  private static let alerts: Set<Int32> = [40, 42, 43, 44, 45, 46, 48, 49, 116]

  /// - Returns: the program's exit status; `nil` if it could not be started, was killed or took too long.
  private func status(_ presented: TLSEngine.PeerCertificates) -> Int32? {
    let chain = presented.chain.flatMap(\.pem.utf8)
    guard let input = Self.unnamedFile(chain) else { return fault("has no file for the chain") }
    defer { close(input) }
    guard let program = start(input, presented) else { return fault("cannot be started") }
    let clock = ContinuousClock()
    let deadline = clock.now + patience
    var status: Int32 = 0
    while clock.now < deadline {
      // Sound: the number is valid during the call.
      let ended = unsafe waitpid(program, &status, WNOHANG)
      if ended == program {
        return status & 0x7f == 0 ? status >> 8 & 0xff : fault("was killed by signal \(status & 0x7f)")
      }
      if ended < 0, errno != EINTR { return fault("ended without a status") }
      usleep(5000)
    }
    // The shell and what it started are one group.
    kill(-program, SIGKILL)
    while unsafe waitpid(program, &status, 0) < 0, errno == EINTR {}
    return fault("took more than \(patience)")
  }

  private func fault(_ text: String) -> Int32? {
    StandardError.say("--judge \(command): it \(text); the client is refused")
    return nil
  }

  /// Starts the program in a process group of its own. Its standard output is standard error: this process's standard
  /// output is ciphertext.
  ///
  /// Sound: all pointers are valid during the calls that receive them.
  private func start(_ input: Int32, _ presented: TLSEngine.PeerCertificates) -> pid_t? {
    let facts: [String: String?] = [
      "TLS_PEER_SUBJECT": presented.chain.first.map { "\($0.subject)" },
      "TLS_PEER_ISSUER": presented.chain.first.map { "\($0.issuer)" },
      "TLS_PEER_VERIFICATION": presented.verification.isAccepted ? "ok" : "\(presented.verification)",
      "TLS_SERVER_NAME": presented.serverName,
    ]
    var environment: [String] = []
    var place = unsafe environ
    while let entry = unsafe place.pointee {
      let text = unsafe String(cString: entry)
      if facts.index(forKey: String(text.prefix { $0 != "=" })) == nil { environment.append(text) }
      unsafe place += 1
    }
    environment += facts.compactMap { name, value in value.map { "\(name)=\($0)" } }
    let words = ["/bin/sh", "-c", command]
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer { unsafe (arguments + variables).forEach { unsafe free($0) } }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, 2, 1)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var program: pid_t = 0
    return unsafe posix_spawn(&program, "/bin/sh", &actions, &attributes, &arguments, &variables) == 0 ? program : nil
  }

  /// A file without a name, to be read from its beginning: a program that reads none of it keeps no writer waiting.
  private static func unnamedFile(_ bytes: [UInt8]) -> Int32? {
    var template = Array("/tmp/tlspipe-judge-XXXXXX".utf8CString)
    // Sound: mkstemp(3) changes the NUL-terminated array in place, and the lengths are those of the array of bytes.
    let descriptor = unsafe mkstemp(&template)
    guard descriptor >= 0 else { return nil }
    _ = unsafe unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe write(descriptor, $0.baseAddress! + written, $0.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        close(descriptor)
        return nil
      }
      written += count
    }
    lseek(descriptor, 0, SEEK_SET)
    return descriptor
  }
}
