import CSansIOTLSOpenSSL
import CSansIOTLSShims
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The behaviour of libcrypto's library contexts that the checks of ``TLSLibraryContext`` compensate for.
///
/// Each library context is created and freed in one test; nothing draws random numbers from it.
@Suite(.tags(.openSSLFact))
struct LibraryFactTests {
  private func withLibrary(_ body: (OpaquePointer?) throws -> Void) rethrows {
    let library = unsafe OSSL_LIB_CTX_new()
    defer {
      unsafe OSSL_LIB_CTX_free(library)
      ERR_clear_error()
    }
    try unsafe body(library)
  }

  private func load(_ text: String, into library: OpaquePointer?) -> Int32 {
    let directory = TemporaryDirectory()
    return unsafe OSSL_LIB_CTX_load_config(library, directory.write("openssl.cnf", Array(text.utf8)))
  }

  @Test func `a property query that nothing satisfies is accepted, and leaves no suite`() {
    unsafe withLibrary { library in
      #expect(unsafe EVP_set_default_properties(library, "quantum=entangled") == 1)
      #expect(unsafe SSL_CTX_new_ex(library, nil, TLS_method()) == nil)
      #expect(ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_LIBRARY_HAS_NO_CIPHERS)
    }
  }

  @Test func `a directory is loaded as a configuration file without an error`() {
    unsafe withLibrary { library in #expect(unsafe OSSL_LIB_CTX_load_config(library, "/tmp") == 1) }
  }

  @Test func `a file without modules is loaded without an error`() {
    unsafe withLibrary { library in #expect(unsafe load("[providers]\nlegacy = x\n", into: library) == 1) }
  }

  @Test func `a provider that a file activates in vain is no error`() {
    unsafe withLibrary { library in
      let text = "openssl_conf = x\n[x]\nproviders = p\n[p]\nnosuch = n\n[n]\nactivate = 1\n"
      #expect(unsafe load(text, into: library) == 1)
      #expect(unsafe OSSL_PROVIDER_available(library, "nosuch") == 0)
      #expect(unsafe SSL_CTX_new_ex(library, nil, TLS_method()) == nil)
    }
  }

  /// Such a key would be used by libcrypto's own code, whatever the library's providers and properties are.
  @Test func `a library without any provider for a type of key makes a key without a provider`() throws {
    let der = TestIdentity.server().privateKeyDER
    try unsafe withLibrary { library in
      let provider = unsafe OSSL_PROVIDER_load(library, "base")
      // What is still loaded would outlive its library.
      defer { unsafe OSSL_PROVIDER_unload(provider) }
      try #require(unsafe provider != nil)
      let info = unsafe der.withUnsafeBufferPointer { bytes in
        var cursor = bytes.baseAddress
        let key = unsafe d2i_AutoPrivateKey(nil, &cursor, bytes.count)
        defer { unsafe EVP_PKEY_free(key) }
        return unsafe EVP_PKEY2PKCS8(key)
      }
      defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
      let key = unsafe EVP_PKCS82PKEY_ex(info, library, nil)
      defer { unsafe EVP_PKEY_free(key) }
      #expect(unsafe key != nil)
      #expect(unsafe EVP_PKEY_get0_provider(key) == nil)
    }
  }
}
