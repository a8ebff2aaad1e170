internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The offer of the libssl that the program runs with, in a library context: found by trying, not by its version. It
/// may be later than the libssl that the program was compiled against.
///
/// ```swift
/// let capabilities = try TLSCapabilities()
/// if capabilities.groups.contains(.X25519MLKEM768) { configuration.groups = [.X25519MLKEM768, .x25519] }
/// ```
///
/// What is configured and not here is refused when a context is created, by `.unsupported`, or by `.unknownCipher`,
/// `.unknownGroup` or `.unknownSignatureScheme` for what has no name.
public struct TLSCapabilities: Sendable, Hashable {
  /// The version of libssl at run time, for example `3.0.22`. Corresponds to `OpenSSL_version(3)`.
  public static var libraryVersion: String {
    // libcrypto's own constant, which is copied.
    unsafe OpenSSL_version(OPENSSL_VERSION_STRING).map { unsafe String(cString: $0) } ?? "unknown"
  }

  /// The suites of TLS 1.3 and 1.2 that authenticate and encrypt, at security level 0.
  public let cipherSuites: [TLSCipherSuite]
  /// The groups that the providers declare and libssl accepts, at security level 0.
  public let groups: [TLSGroup]
  /// The signature schemes that a ClientHello can offer, at security level 0.
  public let signatureSchemes: [TLSSignatureScheme]
  /// Whether raw public keys can be configured (RFC 7250, libssl 3.2 and later). Corresponds to
  /// `SSL_CTX_set1_server_cert_type(3)`.
  public let supportsRawPublicKeys: Bool

  /// Whether a key exchange resists quantum computers: a group with ML-KEM (libssl 3.5 and later).
  public var supportsMLKEM: Bool { groups.contains { $0.description.contains("MLKEM") } }
  /// Whether signatures resist quantum computers: a scheme of ML-DSA (libssl 3.5 and later).
  public var supportsMLDSA: Bool { signatureSchemes.contains { $0.description.hasPrefix("mldsa") } }
  /// Whether certificates are compressed (RFC 8879): never, see <doc:NoCertificateCompression>.
  public var compressesCertificates: Bool { false }

  /// Asks a library context. It costs about as much as 30 contexts: ask once.
  ///
  /// - Parameter library: the library context.
  /// - Throws: ``TLSError`` with code `.openSSLFailure` for lack of memory, or what the system's policy causes.
  ///
  /// Corresponds to `SSL_CTX_set1_groups_list(3)`, `SSL_CTX_set1_sigalgs_list(3)` and `SSL_CTX_get_ciphers(3)`.
  public init(of library: TLSLibraryContext = .default) throws(TLSError) {
    ErrorQueue.clear()
    try SystemPolicy.check()
    guard let context = unsafe SSL_CTX_new_ex(library.pointer, nil, TLS_method()) else {
      throw SystemPolicy.refusal(ErrorQueue.take())
    }
    defer {
      unsafe SSL_CTX_free(context)
      ErrorQueue.clear()
    }
    let builder = unsafe ContextBuilder(context: context, configuration: .client(), library: library)
    (groups, signatureSchemes, cipherSuites) = try unsafe builder.withScratch { (scratch) throws(TLSError) in
      let probe = unsafe ContextBuilder(context: scratch, configuration: .client(), library: library)
      return (try probe.allGroups(), try probe.allSignatureSchemes(), try probe.allCipherSuites())
    }
    supportsRawPublicKeys = sitls_has_raw_public_keys()
  }
}

extension TLSError {
  /// The refusal of what this libssl, or the providers of a library, do not have.
  static func unsupported(_ what: String, by library: TLSLibraryContext) -> TLSError {
    TLSError(
      .unsupported, .local,
      hint:
        "libssl \(TLSCapabilities.libraryVersion) has no \(what)\(library.place); TLSCapabilities lists what it has",
      openSSLErrors: ErrorQueue.take())
  }
}

extension ContextBuilder {
  fileprivate func allGroups() throws(TLSError) -> [TLSGroup] {
    let declared = DeclaredNames.groups(in: library)
    var groups: [TLSGroup] = []
    for number in declared.allNumbers {
      guard let name = declared.name(of: number) else { continue }
      if try unsafe isKnown(name, "groups", sitls_ctx_set_groups) { groups.append(TLSGroup(rawValue: number)) }
    }
    return groups
  }

  fileprivate func allSignatureSchemes() throws(TLSError) -> [TLSSignatureScheme] {
    var schemes: [TLSSignatureScheme] = []
    let numbers = TLSSignatureScheme.allNumbers + DeclaredNames.signatureSchemes(in: library).allNumbers
    for number in Set(numbers).sorted() {
      let scheme = TLSSignatureScheme(rawValue: number)
      guard let name = scheme.libraryName(in: library),
        try unsafe isKnown(name, "signatureSchemes", sitls_ctx_set_signature_algorithms), try isAllowed(name)
      else { continue }
      schemes.append(scheme)
    }
    return schemes
  }

  /// libssl ignores the names of suites that it does not have.
  fileprivate func allCipherSuites() throws(TLSError) -> [TLSCipherSuite] {
    let suites: [TLSCipherSuite] = [
      .TLS_AES_256_GCM_SHA384, .TLS_CHACHA20_POLY1305_SHA256, .TLS_AES_128_GCM_SHA256, .TLS_AES_128_CCM_SHA256,
      .TLS_AES_128_CCM_8_SHA256,
    ]
    let names = suites.map(\.description).joined(separator: ":")
    _ = try unsafe names.withCText("cipherSuites") { unsafe SSL_CTX_set_ciphersuites(context, $0) }
    _ = try unsafe "ALL:!aNULL:!eNULL".withCText("cipherList") { unsafe SSL_CTX_set_cipher_list(context, $0) }
    return unsafe CipherSuites.all(in: context).map { unsafe TLSCipherSuite(rawValue: SSL_CIPHER_get_protocol_id($0)) }
  }
}
