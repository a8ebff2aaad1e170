internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The system's policy: the openssl.cnf of the process, which libcrypto reads once. libcrypto ignores a file that it
/// cannot read or parse, and libssl ignores commands that it does not know, unless the file sets config_diagnostics;
/// what is ignored is found here.
enum SystemPolicy {
  /// Throws if libcrypto ignores the file.
  static func check() throws(TLSError) { _ = try file.get() }

  /// The file as it was at the first look; `nil` if there is none.
  static let file = Result<LibraryConfiguration?, TLSError> { () throws(TLSError) in
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    guard let text = unsafe CONF_get1_default_config_file() else { return nil }
    defer { unsafe CRYPTO_free(text, nil, 0) }
    let path = unsafe String(cString: text)
    // With an empty name libcrypto reads none.
    if path.isEmpty { return nil }
    do throws(TLSError) { return try unsafe LibraryConfiguration(path: path, "OPENSSL_CONF") } catch {
      // Only a file that the environment names must exist.
      let isNamed = try unsafe "OPENSSL_CONF".withCText("a variable") { unsafe NCONF_get_string(nil, nil, $0) != nil }
      if !isNamed, error.openSSLErrors.contains(where: \.isAbsence) { return nil }
      throw TLSError(
        error.code, .local,
        hint: "the system's policy: \(error.hint); libcrypto would ignore it silently; correct it, or name another by "
          + "OPENSSL_CONF (/dev/null for none)", openSSLErrors: error.openSSLErrors)
    }
  }

  /// The commands of the policy that this libssl cannot execute, and ignores.
  static let ignoredCommands: [LibraryConfiguration.Command] = {
    guard let policy = (try? file.get())?.policy, !policy.isEmpty,
      let context = unsafe SSL_CTX_new(TLS_method()), let commands = unsafe SSL_CONF_CTX_new()
    else { return [] }
    defer {
      unsafe SSL_CONF_CTX_free(commands)
      unsafe SSL_CTX_free(context)
      ErrorQueue.clear()
    }
    unsafe SSL_CONF_CTX_set_flags(
      commands, UInt32(SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_CLIENT | SSL_CONF_FLAG_SERVER))
    unsafe SSL_CONF_CTX_set_ssl_ctx(commands, context)
    return policy.filter { command in
      let result = try? unsafe command.name.withCText("a command") { (name) throws(TLSError) in
        try unsafe command.value.withCText("a command") { unsafe SSL_CONF_cmd(commands, name, $0) }
      }
      return (result ?? 0) <= 0
    }
  }()

  /// The command that sets the security level, in the words of the file.
  static var levelCommand: String? {
    guard let file = try? file.get() else { return nil }
    return file.policy.last { $0.value.contains("@SECLEVEL=") }.map { "\($0.text), in \(file.path)" }
  }

  /// The error if libssl could not create a context by the policy.
  static func refusal(_ entries: [TLSError.OpenSSLEntry]) -> TLSError {
    let file = try? file.get()
    let path = file?.path ?? "openssl.cnf"
    if entries.contains(where: \.isPolicyError) {
      let details = entries.map(\.detail).filter { !$0.isEmpty }.joined(separator: "; ")
      return TLSError(
        .invalidLibraryConfiguration, .local,
        hint: "libssl refuses a command of the system's policy in \(path): \(details); correct it",
        openSSLErrors: entries)
    }
    if let properties = file?.properties {
      return TLSError(
        .forbiddenByPolicy, .local,
        hint: "the system's policy in \(path) demands the properties \(properties) of every algorithm, and its "
          + "providers leave no cipher suite; activate a provider that has them there (for fips=yes: fips and base)",
        openSSLErrors: entries)
    }
    return TLSError(
      .openSSLFailure, .local, hint: "libssl could not create a context; check its configuration file, \(path)",
      openSSLErrors: entries)
  }
}

extension TLSError.OpenSSLEntry {
  /// Whether libssl could not apply the system's policy to a new context; by number, because 3.0 has no name for it.
  var isPolicyError: Bool { isFromLibSSL && reasonCode == 419 }

  /// Whether the system reported that a file does not exist (ENOENT is 2 wherever libcrypto runs).
  fileprivate var isAbsence: Bool { code & 0x8000_0000 != 0 && reasonCode == 2 }
}
