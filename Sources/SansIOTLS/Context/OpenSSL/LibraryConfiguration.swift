internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The contents of a configuration file of libcrypto (openssl.cnf), as far as the library looks at them.
///
/// Corresponds to `config(5)`.
struct LibraryConfiguration: Sendable {
  /// A command of `SSL_CONF_cmd(3)`.
  struct Command: Sendable {
    let name: String
    let value: String

    var text: String { "\(name) = \(value)" }
  }

  let path: String
  /// The commands that libssl applies to each new context (`ssl_conf`, `system_default`).
  private(set) var policy: [Command] = []
  /// The file has a part for libssl.
  private(set) var configuresTLS = false
  /// The properties that algorithms must have (`alg_section`, `default_properties`).
  private(set) var properties: String?
  /// The providers that the file activates, by name.
  private(set) var providers: [String] = []
  /// The file names a section of modules; without one, libcrypto does nothing with it.
  private(set) var hasModules = false

  /// Reads a file, and applies it if there is a library context to apply it to.
  ///
  /// - Parameters:
  ///   - path: the file's path.
  ///   - setting: its name in an error.
  ///   - library: an isolated library context. The part for libssl is refused then: it would apply to all others.
  init(path: String, _ setting: String, appliedTo library: OpaquePointer? = nil) throws(TLSError) {
    self.path = path
    // NCONF_load reads a directory as if it were empty.
    try unsafe Source.file(path, setting).withBytes { _ throws(TLSError) in }
    guard let file = unsafe NCONF_new_ex(library, nil) else {
      throw TLSError(.openSSLFailure, .local, hint: "no memory for \(path)", openSSLErrors: ErrorQueue.take())
    }
    defer {
      unsafe NCONF_free(file)
      ErrorQueue.clear()
    }
    var line = 0
    guard try unsafe path.withCText(setting, { unsafe NCONF_load(file, $0, &line) }) == 1 else {
      throw Self.malformed(path, line > 0 ? "line \(line) is malformed" : "it cannot be read")
    }
    func value(_ name: String, in section: String?) throws(TLSError) -> String? {
      try unsafe name.withCText("a name in \(path)") { (name) throws(TLSError) in
        let value =
          if let section {
            try unsafe section.withCText("a section in \(path)") { unsafe NCONF_get_string(file, $0, name) }
          } else {
            unsafe NCONF_get_string(file, nil, name)
          }
        return unsafe value.map { unsafe String(cString: $0) }
      }
    }
    func entries(of section: String) throws(TLSError) -> [Command] {
      try unsafe section.withCText("a section in \(path)") { (section) throws(TLSError) in
        let values = unsafe NCONF_get_section(file, section)
        return unsafe (0..<max(OPENSSL_sk_num(values), 0)).compactMap { index in
          guard let entry = unsafe OPENSSL_sk_value(values, index)?.assumingMemoryBound(to: CONF_VALUE.self),
            let name = unsafe entry.pointee.name, let value = unsafe entry.pointee.value
          else { return nil }
          return unsafe Command(name: String(cString: name), value: String(cString: value))
        }
      }
    }
    if let modules = try value("openssl_conf", in: nil) {
      hasModules = true
      for module in try entries(of: modules) {
        // As libcrypto finds a module: what follows the last dot only distinguishes several of them.
        switch module.name.lastIndex(of: ".").map({ String(module.name[..<$0]) }) ?? module.name {
        case "ssl_conf":
          configuresTLS = true
          for entry in try entries(of: module.value) where Self.afterDot(entry.name) == "system_default" {
            policy += try entries(of: entry.value).map { Command(name: Self.afterDot($0.name), value: $0.value) }
          }
        case "alg_section": properties = try value("default_properties", in: module.value) ?? properties
        case "providers":
          for provider in try entries(of: module.value) {
            let isActivated = try value("activate", in: provider.value).map { !Self.negative.contains($0) } ?? false
            if isActivated {
              providers.append(try value("identity", in: provider.value) ?? Self.afterDot(provider.name))
            }
          }
        default: break
        }
      }
    }
    ErrorQueue.clear()
    if unsafe library == nil { return }
    if configuresTLS {
      throw Self.malformed(
        path,
        "it has a part for libssl (ssl_conf), which libssl keeps once for the whole process; leave it to the system's "
          + "own openssl.cnf, and set versions, suites and groups in the TLSContext's configuration")
    }
    if !hasModules {
      throw Self.malformed(
        path, "it names no modules, so that nothing in it would have an effect; begin it with openssl_conf = SECTION")
    }
    guard unsafe CONF_modules_load(file, nil, 0) > 0 else { throw Self.malformed(path, "libcrypto refuses it") }
  }

  private static let negative: Set<String> = ["0", "no", "false", "off"]

  private static func afterDot(_ name: String) -> String {
    name.firstIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? name
  }

  static func malformed(_ path: String, _ why: String) -> TLSError {
    let entries = ErrorQueue.take()
    let details = entries.map(\.detail).filter { !$0.isEmpty }.joined(separator: ", ")
    return TLSError(
      .invalidLibraryConfiguration, .local,
      hint: "the configuration file \(path): \(why)\(details.isEmpty ? "" : " (\(details))")", openSSLErrors: entries)
  }
}
