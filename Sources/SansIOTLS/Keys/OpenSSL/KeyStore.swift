internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Private keys that a loader of libcrypto finds by a URI: in a file, or in a token by a provider for it.
struct KeyStore {
  let uri: String
  let passphrase: Passphrase?
  let library: TLSLibraryContext

  /// The URI without its query and whatever names a PIN: what may be shown.
  private let shown: String

  /// The scheme; the whole text if it is a path.
  private var scheme: Substring { uri.prefix { $0 != ":" } }

  /// A key of any other scheme belongs to a device, even where that would allow a copy.
  private var isFile: Bool { ["file", ""].contains(scheme) || scheme.count == uri.count || scheme.contains("/") }

  /// More keys than this are not examined.
  private static let keyLimit = 64

  init(_ uri: String, passphrase: String?, library: TLSLibraryContext) throws(TLSError) {
    self.uri = uri
    self.library = library
    self.passphrase = try passphrase.map { (text) throws(TLSError) in try Passphrase(text) }
    let path = uri.prefix { $0 != "?" }
    let parts = path.split(separator: ";", omittingEmptySubsequences: false).filter { !$0.hasPrefix("pin-") }
    shown = String(parts.joined(separator: ";").prefix(200))
  }

  /// The first key that belongs to a certificate. Corresponds to `OSSL_STORE_open_ex(3)` and `OSSL_STORE_load(3)`.
  func key(for leaf: TLSCertificate) throws(TLSError) -> PrivateKey {
    let request = PassphraseRequest(passphrase, answersEmpty: true)
    // Passes the request on to the callback; it has no prompt of its own.
    let method = unsafe UI_UTIL_wrap_read_pem_callback(PassphraseRequest.callback, 0)
    defer { unsafe UI_destroy_method(method) }
    ErrorQueue.clear()
    let store = try unsafe uri.withCText("privateKeyURI") {
      unsafe OSSL_STORE_open_ex(
        $0, library.pointer, nil, method, Unmanaged.passUnretained(request).toOpaque(), nil, nil, nil)
    }
    guard let store = unsafe store else { throw notOpened(ErrorQueue.take()) }
    defer {
      unsafe OSSL_STORE_close(store)
      ErrorQueue.clear()
    }
    unsafe OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY)
    var keys = 0
    var entries: [TLSError.OpenSSLEntry] = []
    while unsafe OSSL_STORE_eof(store) == 0, keys < Self.keyLimit, entries.count < Self.keyLimit {
      ErrorQueue.clear()
      let entry = unsafe OSSL_STORE_load(store)
      defer { unsafe OSSL_STORE_INFO_free(entry) }
      entries += ErrorQueue.take()
      guard let pkey = unsafe entry.flatMap({ unsafe OSSL_STORE_INFO_get1_PKEY($0) }) else {
        if unsafe entry == nil && OSSL_STORE_eof(store) == 0 && entries.isEmpty { break }
        continue
      }
      keys += 1
      let key = unsafe PrivateKey(adopting: pkey, library: library, isExportable: isFile)
      if unsafe X509_check_private_key(leaf.reference.x509, pkey) == 1 { return key }
    }
    throw notFound(leaf, keys, request, entries)
  }

  private func notOpened(_ entries: [TLSError.OpenSSLEntry]) -> TLSError {
    if !isFile, entries.contains(where: \.isUnregisteredScheme) {
      return TLSError(
        .unsupported, .local,
        hint: "no provider loads keys by URIs that begin with \(scheme.prefix(32)):; load the one that does, in "
          + "openssl.cnf or in a library context", openSSLErrors: redacted(entries))
    }
    return TLSError(
      .keyNotFound, .local,
      hint: "libcrypto cannot open \(shown); a file is named by an absolute path, file:/path or file:///path",
      openSSLErrors: redacted(entries))
  }

  private func notFound(
    _ leaf: TLSCertificate, _ keys: Int, _ request: PassphraseRequest, _ entries: [TLSError.OpenSSLEntry]
  ) -> TLSError {
    if keys > 0 {
      let count =
        keys == 1 ? "the private key at \(shown) does not belong" : "none of \(keys) private keys at \(shown) belongs"
      return TLSError(
        .keyDoesNotMatchCertificate, .misuse, hint: "\(count) to the certificate of \(leaf.subject)",
        openSSLErrors: redacted(entries))
    }
    if let error = TLSError.unsupportedEncryption(of: "the private key at \(shown)", nil, redacted(entries)) {
      return error
    }
    guard request.wasAsked else {
      return TLSError(
        .keyNotFound, .local, hint: "there is no private key at \(shown)", openSSLErrors: redacted(entries))
    }
    return passphrase == nil
      ? TLSError(
        .missingPassphrase, .local, hint: "the private key at \(shown) needs a passphrase or PIN",
        openSSLErrors: redacted(entries))
      : TLSError(
        .wrongPassphrase, .local, hint: "the passphrase does not open the private key at \(shown)",
        openSSLErrors: redacted(entries))
  }

  /// libcrypto quotes the URI, which may hold a PIN.
  private func redacted(_ entries: [TLSError.OpenSSLEntry]) -> [TLSError.OpenSSLEntry] {
    if shown == uri { return entries }
    return entries.map { entry in
      TLSError.OpenSSLEntry(
        code: entry.code, library: entry.library, function: entry.function, reason: entry.reason,
        reasonCode: entry.reasonCode)
    }
  }
}

extension TLSError.OpenSSLEntry {
  /// Later libcrypto gives the second reason alone.
  fileprivate var isUnregisteredScheme: Bool {
    ERR_GET_LIB(CUnsignedLong(code)) == ERR_LIB_OSSL_STORE
      && [Int(OSSL_STORE_R_UNREGISTERED_SCHEME), Int(sitls_reason_unsupported)].contains(reasonCode)
  }
}
