internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// A library context of libcrypto: the providers that algorithms come from, and the properties that an algorithm must
/// have. ``TLSContext/Configuration/library`` names the one that a context and all its connections use, for every key
/// exchange, signature, cipher, certificate and random number.
///
/// Most programs use ``default``, which the system's openssl.cnf configures. Another one is isolated: what is loaded
/// into it, and what is demanded of it, concerns no other code in the process.
///
/// ```swift
/// let fips = try TLSLibraryContext(configurationFile: "/etc/ssl/fips.cnf", properties: "fips=yes")
/// var configuration = TLSContext.Configuration.client()
/// configuration.library = fips
/// ```
///
/// Create one at the start of a program, and keep it: libcrypto cannot release it as long as there are threads that
/// drew random numbers from it, so its memory (about 50 KB) stays until the process ends, and a process can have about
/// 500.
///
/// Two values are equal if they are the same library context of libcrypto.
///
/// `@safe`: the pointer stays valid until the process ends.
/// `@unchecked Sendable`: libcrypto guards a library context itself; the owner is Sendable.
///
/// Corresponds to `OSSL_LIB_CTX(3)`.
@safe
public final class TLSLibraryContext: @unchecked Sendable {
  /// The process's own, with the providers and the policy of the system's openssl.cnf, or of the file that the
  /// environment's `OPENSSL_CONF` names.
  ///
  /// libcrypto itself ignores such a file if it is malformed, and its policy with it. A ``TLSContext`` then is refused
  /// by `.invalidLibraryConfiguration` or `.unreadableFile`; a line that libssl ignores is a
  /// ``TLSContext/Warning/ignoredPolicy(command:)``.
  public static let `default` = TLSLibraryContext()

  /// An `OSSL_LIB_CTX`; `nil` is the default one.
  package let pointer: OpaquePointer?
  /// The library in words, for errors; empty for the default one.
  let summary: String
  /// Another library that decodes identities for this one; `nil` if it does that itself.
  let decoding: TLSLibraryContext?
  /// Is called before each ticket of a server is made. Corresponds to `SSL_CTX_set_session_ticket_cb(3)`.
  let prepareTicket: PrepareTicket?

  /// Time stands still in it: its tickets have no age. Otherwise a server would find that the age which a client states
  /// is not the one in the ticket, and would reject its early data.
  let isTimeless: Bool

  /// A function of libssl's type `SSL_CTX_generate_session_ticket_fn`.
  package typealias PrepareTicket = @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32

  /// Settings applied to each `SSL_CTX` after those of the configuration.
  let adapt: (@Sendable (_ context: OpaquePointer) -> Void)?
  private let owner: (any AnyObject & Sendable)?

  private init() {
    unsafe pointer = nil
    decoding = nil
    summary = ""
    unsafe prepareTicket = nil
    isTimeless = false
    unsafe adapt = nil
    owner = nil
  }

  /// Wraps a library context: for the test kit, which makes some with randomness that a seed determines.
  ///
  /// - Parameters:
  ///   - pointer: an `OSSL_LIB_CTX`.
  ///   - owner: keeps it valid.
  ///   - prepareTicket: the function called before each ticket of a server is created.
  ///   - adapt: receives each `SSL_CTX` created in it, before its first use.
  package init(
    _ pointer: OpaquePointer, owner: any AnyObject & Sendable, prepareTicket: PrepareTicket?,
    adapt: @escaping @Sendable (OpaquePointer) -> Void
  ) {
    unsafe self.pointer = pointer
    decoding = nil
    summary = "the seeded library"
    unsafe self.prepareTicket = prepareTicket
    isTimeless = unsafe prepareTicket != nil
    self.owner = owner
    unsafe self.adapt = adapt
  }

  /// Creates an isolated library context, and checks that TLS can work in it.
  ///
  /// The TLS part of a configuration file (`ssl_conf`) is refused: libssl keeps one for the process, and another file's
  /// would replace the system's policy in every other context. The policy of the system's openssl.cnf on versions,
  /// suites and security level applies in an isolated library too.
  ///
  /// - Parameters:
  ///   - configurationFile: an openssl.cnf to load, for example for providers that need parameters of their own; `nil`
  ///     for none. The system's is not read.
  ///   - providers: the providers to load, by name (`default`, `base`, `legacy`, `fips`) or, with a slash, by the path
  ///     of a shared object, whose code then runs in this process. If there are none, and the file activates none,
  ///     libcrypto loads `default`.
  ///   - properties: the properties that each algorithm must have, for example `fips=yes` or `provider=default`; `nil`
  ///     for any.
  /// - Throws: ``TLSError`` with code `.unknownProvider`, `.invalidPropertyQuery`, `.unsatisfiedPropertyQuery`,
  ///   `.insufficientProviders`, `.unreadableFile` or `.invalidLibraryConfiguration` (the file), `.containsNUL`.
  ///
  /// Corresponds to `OSSL_LIB_CTX_new(3)`, `OSSL_LIB_CTX_load_config(3)`, `OSSL_PROVIDER_load(3)` and
  /// `EVP_set_default_properties(3)`.
  public convenience init(
    configurationFile: String? = nil, providers: [String] = [], properties: String? = nil
  ) throws(TLSError) {
    let library = try unsafe IsolatedLibrary.make { (library, loaded) throws(TLSError) in
      if let configurationFile { try unsafe IsolatedLibrary.load(configurationFile, into: library) }
      for provider in providers { unsafe loaded.append(try IsolatedLibrary.load(provider: provider, into: library)) }
      if let properties { try unsafe IsolatedLibrary.demand(properties, of: library) }
      try unsafe IsolatedLibrary.checkTLS(library, providers: providers, properties: properties)
    }
    var parts: [String] = []
    if let configurationFile { parts.append("configured by \(configurationFile)") }
    if !providers.isEmpty { parts.append("of the providers \(providers.joined(separator: ", "))") }
    if let properties { parts.append("with the properties \(properties)") }
    unsafe self.init(isolated: library, "the library " + (parts.isEmpty ? "of its own" : parts.joined(separator: " ")))
  }

  /// Returns the library context that holds only what TLS needs, which makes handshakes with libcrypto before 3.2
  /// cheaper: a client and a server together complete 6 to 10 % more. Its algorithms are those of libcrypto's
  /// provider `default`, with the same suites, groups and signature schemes, except for DSA.
  ///
  /// It has no keys of the type DSA: an identity with one is refused by `.invalidPrivateKey`, and a peer's certificate
  /// with one by the handshake. Identities are decoded as in ``default``. The first call creates it, and every later
  /// one returns the same.
  ///
  /// - Returns: the library context.
  /// - Throws: ``TLSError`` with code `.forbiddenByPolicy` if the system's openssl.cnf demands properties of
  ///   algorithms, or activates providers without `default`: this library would not comply; `.openSSLFailure`, or what
  ///   ``init(configurationFile:providers:properties:)`` throws.
  ///
  /// Corresponds to `OSSL_PROVIDER_add_builtin(3)`.
  public static func lean() throws(TLSError) -> TLSLibraryContext { try leanLibrary.get() }

  private static let leanLibrary = Result<TLSLibraryContext, TLSError> { () throws(TLSError) in
    if let file = try SystemPolicy.file.get() {
      let demand =
        if let properties = file.properties {
          "demands the properties \(properties) of every algorithm"
        } else if !file.providers.isEmpty, !file.providers.contains("default") {
          "activates the providers \(file.providers.joined(separator: ", ")), without default"
        } else {
          ""
        }
      if !demand.isEmpty {
        throw TLSError(
          .forbiddenByPolicy, .local,
          hint: "the system's policy in \(file.path) \(demand), with which the lean library does not comply; use the "
            + "default one")
      }
    }
    let full = try TLSLibraryContext(providers: ["default"])
    ErrorQueue.clear()
    guard let library = unsafe sitls_lean_library(full.pointer) else {
      throw TLSError(
        .openSSLFailure, .local, hint: "libcrypto could not create the lean library", openSSLErrors: ErrorQueue.take())
    }
    try unsafe IsolatedLibrary.checkTLS(library, providers: ["lean"], properties: nil)
    return unsafe TLSLibraryContext(isolated: library, "the lean library", decoding: full)
  }

  /// Takes over an isolated library context.
  private init(isolated pointer: OpaquePointer, _ summary: String, decoding: TLSLibraryContext? = nil) {
    unsafe self.pointer = pointer
    self.decoding = decoding
    self.summary = summary
    unsafe prepareTicket = nil
    isTimeless = false
    unsafe adapt = nil
    owner = nil
  }

  /// The library as the place of an error about something that it lacks.
  var place: String { summary.isEmpty ? "" : " in \(summary)" }
}

extension TLSLibraryContext: Hashable {
  /// Returns whether the two are the same library context of libcrypto.
  public static func == (left: TLSLibraryContext, right: TLSLibraryContext) -> Bool {
    unsafe left.pointer == right.pointer
  }

  /// Hashes the identity of the library context.
  ///
  /// - Parameter hasher: the hasher.
  public func hash(into hasher: inout Hasher) { unsafe hasher.combine(pointer) }
}

extension TLSLibraryContext: CustomStringConvertible {
  /// The library in words.
  public var description: String { summary.isEmpty ? "the default library" : summary }
}
