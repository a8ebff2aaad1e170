internal import CSansIOTLSOpenSSL

/// The checks that libcrypto omits for a directory of trusted certificates: it accepts any text, and looks there when a
/// chain is verified.
enum TrustDirectory {
  /// Refuses a path that is not a readable directory.
  static func check(_ path: String) throws(TLSError) {
    func refuse(_ why: String, _ entries: [TLSError.OpenSSLEntry] = []) -> TLSError {
      TLSError(.unreadableFile, .local, hint: "the trust directory \(path) \(why)", openSSLErrors: entries)
    }
    if path.isEmpty { throw TLSError(.unreadableFile, .local, hint: "the path of a trust directory is empty") }
    if path.utf8.contains(UInt8(ascii: ":")) {
      throw refuse("has a colon in its path, at which libcrypto divides it; give it another name, or a link of one")
    }
    // Of a file that is no directory there is no such entry.
    do throws(TLSError) {
      try unsafe Source.file(path + "/.", "TLSTrustRoots.directory").withBIO { _ throws(TLSError) in }
    } catch {
      if error.code != .unreadableFile { throw error }
      throw refuse("cannot be opened as a directory; check the path and its permissions", error.openSSLErrors)
    }
  }

  /// Whether a directory holds a certificate under a name that libcrypto looks for: a hash of its subject and a number,
  /// as `openssl rehash` makes them.
  static func holdsCertificates(_ path: String) -> Bool {
    defer { ErrorQueue.clear() }
    let opened = try? unsafe path.withCText("TLSTrustRoots.directory") {
      unsafe OSSL_STORE_open($0, nil, nil, nil, nil)
    }
    guard let store = unsafe opened else { return false }
    defer { unsafe OSSL_STORE_close(store) }
    while unsafe OSSL_STORE_eof(store) == 0, let entry = unsafe OSSL_STORE_load(store) {
      defer { unsafe OSSL_STORE_INFO_free(entry) }
      // The name belongs to the entry.
      if let name = unsafe OSSL_STORE_INFO_get0_NAME(entry), isHashed(unsafe String(cString: name)) { return true }
    }
    return false
  }

  private static func isHashed(_ path: String) -> Bool {
    let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
    let digits = Array("0123456789".utf8)
    return name.count > 9 && name[..<8].allSatisfy((digits + Array("abcdef".utf8)).contains)
      && name[8] == UInt8(ascii: ".")
      && name[9...].allSatisfy(digits.contains)
  }
}

/// The place of the system's trust store: as the environment defines it, or else as libcrypto was built.
///
/// The names are libcrypto's own constants, and the values are copied.
enum SystemStore {
  static var file: String {
    unsafe environment(X509_get_default_cert_file_env()) ?? String(cString: X509_get_default_cert_file())
  }
  static var directory: String {
    unsafe environment(X509_get_default_cert_dir_env()) ?? String(cString: X509_get_default_cert_dir())
  }
  static var directories: [String] { directory.utf8.split(separator: UInt8(ascii: ":")).map { String(Substring($0)) } }

  /// A variable as libcrypto reads it: not in a program that runs with more rights than its user. Corresponds to
  /// `NCONF_get_string(3)` without a configuration.
  private static func environment(_ name: UnsafePointer<CChar>?) -> String? {
    defer { ErrorQueue.clear() }
    return unsafe NCONF_get_string(nil, nil, name).map { unsafe String(cString: $0) }
  }
}
