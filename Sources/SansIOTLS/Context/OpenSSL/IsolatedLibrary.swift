internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The steps that make an isolated library context. Each names what it could not do.
enum IsolatedLibrary {
  /// Creates a library context, and frees it again if it cannot be prepared: nothing was created in it then.
  ///
  /// - Parameter prepare: adds the providers that it loads, whose references would outlive the library.
  static func make(
    _ prepare: (OpaquePointer, inout [OpaquePointer]) throws(TLSError) -> Void
  ) throws(TLSError) -> OpaquePointer {
    ErrorQueue.clear()
    guard let library = unsafe OSSL_LIB_CTX_new() else {
      throw TLSError(
        .openSSLFailure, .local,
        hint: "libcrypto could not create a library context; a process can have about 500, which are never released",
        openSSLErrors: ErrorQueue.take())
    }
    var providers: [OpaquePointer] = unsafe []
    do throws(TLSError) {
      try unsafe prepare(library, &providers)
      if unsafe !sitls_keep_library(library) {
        throw TLSError(.openSSLFailure, .local, hint: "no memory for a library context")
      }
    } catch {
      unsafe providers.forEach { unsafe _ = OSSL_PROVIDER_unload($0) }
      unsafe OSSL_LIB_CTX_free(library)
      throw error
    }
    ErrorQueue.clear()
    return unsafe library
  }

  /// Loads a configuration file, and looks whether it did what it says.
  static func load(_ path: String, into library: OpaquePointer) throws(TLSError) {
    let file = try unsafe LibraryConfiguration(path: path, "configurationFile", appliedTo: library)
    for provider in file.providers {
      // libcrypto reports success although a provider of the file could not be loaded.
      let isLoaded = try unsafe provider.withCText("a provider in \(path)") {
        unsafe OSSL_PROVIDER_available(library, $0) == 1
      }
      if !isLoaded { throw unknownProvider(provider, "which \(path) activates, ", ErrorQueue.take()) }
    }
  }

  /// Corresponds to `OSSL_PROVIDER_load(3)`; the provider stays loaded as long as the library context.
  static func load(provider: String, into library: OpaquePointer) throws(TLSError) -> OpaquePointer {
    ErrorQueue.clear()
    if provider.isEmpty { throw unknownProvider(provider, "", []) }
    let loaded = try unsafe provider.withCText("the name of a provider") { unsafe OSSL_PROVIDER_load(library, $0) }
    guard let loaded = unsafe loaded else { throw unknownProvider(provider, "", ErrorQueue.take()) }
    return unsafe loaded
  }

  private static func unknownProvider(
    _ name: String, _ origin: String, _ entries: [TLSError.OpenSSLEntry]
  ) -> TLSError {
    let cause = entries.first { !$0.detail.isEmpty }?.detail ?? ""
    let advice =
      name.contains("/")
      ? "check the path; it must be a provider for this libcrypto"
      : "install its package, or give the path of its shared object"
    return TLSError(
      .unknownProvider, .local,
      hint: "the provider \"\(name.prefix(256))\", \(origin)cannot be loaded\(cause.isEmpty ? "" : " (\(cause))"); "
        + advice, openSSLErrors: entries)
  }

  /// Corresponds to `EVP_set_default_properties(3)`.
  static func demand(_ properties: String, of library: OpaquePointer) throws(TLSError) {
    ErrorQueue.clear()
    let isSet = try unsafe properties.withCText("the property query") {
      unsafe EVP_set_default_properties(library, $0) == 1
    }
    if !isSet {
      throw TLSError(
        .invalidPropertyQuery, .misuse,
        hint: "\"\(properties.prefix(256))\" is no property query, for example fips=yes or provider=default; see "
          + "property(7)", openSSLErrors: ErrorQueue.take())
    }
  }

  /// Looks whether the library has what every connection needs: random numbers, suites, and the decoding of a
  /// certificate's key.
  static func checkTLS(_ library: OpaquePointer, providers: [String], properties: String?) throws(TLSError) {
    ErrorQueue.clear()
    var missing: [String] = []
    var entries: [TLSError.OpenSSLEntry] = []
    var octet: UInt8 = 0
    if unsafe RAND_bytes_ex(library, &octet, 1, 0) != 1 {
      missing.append("random numbers")
      entries += ErrorQueue.take()
    }
    let context = unsafe SSL_CTX_new_ex(library, nil, TLS_method())
    if unsafe context == nil {
      let refusal = ErrorQueue.take()
      if refusal.contains(where: \.isPolicyError) { throw SystemPolicy.refusal(refusal) }
      missing.append("cipher suites")
      entries += refusal
    }
    unsafe SSL_CTX_free(context)
    if unsafe !decodesKey(library) {
      missing.append("decoders of certificates' keys (the provider base has them)")
      entries += ErrorQueue.take()
    }
    if missing.isEmpty { return }
    let lack = missing.joined(separator: ", ")
    if let properties {
      throw TLSError(
        .unsatisfiedPropertyQuery, .local,
        hint: "no provider that is loaded satisfies the property query \"\(properties)\" for all that TLS needs; there "
          + "are no \(lack); load a provider that does (for fips=yes: fips and base), or ask for less",
        openSSLErrors: entries)
    }
    let names = providers.isEmpty ? "providers of the configuration file" : providers.joined(separator: ", ")
    throw TLSError(
      .insufficientProviders, .local,
      hint:
        "the \(providers.isEmpty ? "" : "providers ")\(names) have not all that TLS needs; there are no \(lack); add "
        + "the provider default", openSSLErrors: entries)
  }

  /// Whether the public key of a certificate can be decoded. Corresponds to `d2i_PUBKEY_ex(3)`.
  private static func decodesKey(_ library: OpaquePointer) -> Bool {
    unsafe sample.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      let key = unsafe d2i_PUBKEY_ex(nil, &cursor, bytes.count, library, nil)
      defer { unsafe EVP_PKEY_free(key) }
      return unsafe key != nil
    }
  }

  /// A public key on P-256 (its private key is 1) as certificates contain it (RFC 5480).
  private static let sample: [UInt8] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE,
    0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6,
    0xE5, 0x63, 0xA4, 0x40, 0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98,
    0xC2, 0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E, 0x16, 0x2B,
    0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5,
  ]
}
