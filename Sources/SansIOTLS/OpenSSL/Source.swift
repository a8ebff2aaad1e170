internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Where encoded material comes from. Files are opened by libcrypto, so that the core itself touches none.
///
/// A memory BIO reads the caller's bytes in place, for the duration of the closure that they are lent to.
enum Source {
  case bytes([UInt8])
  /// A path, and what an error calls it.
  case file(String, String)

  /// Lends a BIO that reads the material from its start.
  func withBIO<Result>(_ body: (OpaquePointer) throws(TLSError) -> Result) throws(TLSError) -> Result {
    ErrorQueue.clear()
    switch self {
    case .bytes(let bytes):
      // A buffer closure is untyped in what it throws; the result carries the typed error across.
      let outcome: Swift.Result<Result, TLSError> = unsafe bytes.withUnsafeBytes { buffer in
        guard
          let bio = unsafe BIO_new_mem_buf(buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 1), Int32(buffer.count))
        else {
          return .failure(TLSError(.library, .local, hint: "no memory for a BIO", library: ErrorQueue.take()))
        }
        defer { unsafe BIO_free(bio) }
        do throws(TLSError) { return .success(try unsafe body(bio)) } catch { return .failure(error) }
      }
      return try outcome.get()
    case .file(let path, let setting):
      guard let bio = try unsafe path.withCText(setting, { unsafe sitls_open_file($0) }) else {
        throw TLSError(
          .unreadableFile, .local, hint: "cannot open \(path); check the path and its permissions",
          library: ErrorQueue.take())
      }
      defer { unsafe BIO_free(bio) }
      return try unsafe body(bio)
    }
  }

  /// All certificates of a PEM text, at least one.
  func certificates() throws(TLSError) -> [TLSCertificate] {
    try unsafe withBIO { (bio) throws(TLSError) in
      var certificates: [TLSCertificate] = []
      // A block that claims to be encrypted must not make libcrypto ask the terminal.
      while let x509 = unsafe PEM_read_bio_X509_AUX(bio, nil, { _, _, _, _ in -1 }, nil) {
        unsafe certificates.append(TLSCertificate(adopting: x509))
      }
      let entries = ErrorQueue.take()
      // Running out of blocks is how the loop ends; everything else is a malformed block.
      let ranOut = entries.last.map { $0.reasonCode == Int(PEM_R_NO_START_LINE) && entries.count == 1 } ?? true
      if !ranOut {
        throw TLSError(
          .invalidCertificate, .local, hint: "certificate \(certificates.count + 1) of the PEM text is malformed",
          library: entries)
      }
      if certificates.isEmpty {
        throw TLSError(
          .invalidCertificate, .local,
          hint: "there is no CERTIFICATE block in the PEM text; for DER use the form that takes DER", library: entries)
      }
      return certificates
    }
  }
}
