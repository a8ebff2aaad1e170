internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The source of encoded material. Files are opened by libcrypto, so that the core itself opens none.
enum Source {
  case bytes([UInt8])
  /// A path, and its name in an error.
  case file(String, String)

  /// More than this is not read from a file.
  private static let fileLimit = 64 << 20

  /// Passes the whole material to the body. Memory that was read from a file is zeroed afterwards, since it may be a
  /// key.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws(TLSError) -> Result) throws(TLSError) -> Result {
    switch self {
    case .bytes(let bytes):
      // A buffer closure is untyped in what it throws; the result carries the typed error across.
      let outcome: Swift.Result<Result, TLSError> = unsafe bytes.withUnsafeBytes { buffer in
        do throws(TLSError) { return .success(try unsafe body(buffer)) } catch { return .failure(error) }
      }
      return try outcome.get()
    case .file(let path, let setting):
      var count = 0
      var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 14, alignment: 1)
      func release() {
        unsafe OPENSSL_cleanse(buffer.baseAddress, buffer.count)
        unsafe buffer.deallocate()
      }
      defer { release() }
      try unsafe open(path, setting) { (file) throws(TLSError) in
        while true {
          let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
          let read = unsafe BIO_read(file, room.baseAddress, CInt(clamping: room.count))
          if read <= 0 { break }
          count += Int(read)
          if count > Self.fileLimit {
            throw TLSError(.unreadableFile, .local, hint: "\(path) is larger than \(Self.fileLimit >> 20) MiB")
          }
          if count == buffer.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * count, alignment: 1)
            unsafe larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
            release()
            unsafe buffer = larger
          }
        }
        let entries = ErrorQueue.take()
        if !entries.isEmpty {
          throw TLSError(
            .unreadableFile, .local, hint: "cannot read \(path); it may be a directory", openSSLErrors: entries)
        }
      }
      return try unsafe body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// Opens a file for libcrypto to read.
  private func open<Result>(
    _ path: String, _ setting: String, _ body: (OpaquePointer) throws(TLSError) -> Result
  ) throws(TLSError) -> Result {
    ErrorQueue.clear()
    guard let file = try unsafe path.withCText(setting, { unsafe sitls_open_file($0) }) else {
      throw TLSError(
        .unreadableFile, .local, hint: "cannot open \(path); check the path and its permissions",
        openSSLErrors: ErrorQueue.take())
    }
    defer { unsafe BIO_free(file) }
    return try unsafe body(file)
  }

  /// Passes a BIO that reads the material from its start.
  func withBIO<Result>(_ body: (OpaquePointer) throws(TLSError) -> Result) throws(TLSError) -> Result {
    if case .file(let path, let setting) = self { return try unsafe open(path, setting, body) }
    return try unsafe withBytes { (bytes) throws(TLSError) in try unsafe Self.lend(bytes, body) }
  }

  /// Passes a BIO that reads the bytes in place.
  private static func lend<Result>(
    _ bytes: UnsafeRawBufferPointer, _ body: (OpaquePointer) throws(TLSError) -> Result
  ) throws(TLSError) -> Result {
    ErrorQueue.clear()
    guard let count = CInt(exactly: bytes.count) else {
      throw TLSError(
        .invalidArgument, .misuse, hint: "\(bytes.count) bytes are more than libcrypto reads, which is \(CInt.max)")
    }
    guard let bio = unsafe BIO_new_mem_buf(bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1), count) else {
      throw TLSError(.openSSLFailure, .local, hint: "no memory for a BIO", openSSLErrors: ErrorQueue.take())
    }
    defer { unsafe BIO_free(bio) }
    return try unsafe body(bio)
  }

  /// All certificates of a PEM text, at least one.
  func certificates() throws(TLSError) -> [TLSCertificate] {
    try unsafe withBytes { (bytes) throws(TLSError) in
      try unsafe Self.lend(bytes) { (bio) throws(TLSError) in
        let text = unsafe PEMText(bytes)
        if let line = text.indentedBlock(labelled: "CERTIFICATE") {
          throw TLSError(
            .invalidCertificate, .local,
            hint: "line \(line) of the PEM text begins a CERTIFICATE block after white space, where libcrypto does not "
              + "see it; remove the white space")
        }
        var certificates: [TLSCertificate] = []
        // A block that claims to be encrypted must not make libcrypto ask the terminal.
        while let x509 = unsafe PEM_read_bio_X509_AUX(bio, nil, { _, _, _, _ in -1 }, nil) {
          unsafe certificates.append(TLSCertificate(adopting: x509))
        }
        let entries = ErrorQueue.take()
        // Running out of blocks is how the loop ends; everything else is a malformed block.
        let ranOut = entries.last.map { $0.reasonCode == Int(PEM_R_NO_START_LINE) && entries.count == 1 } ?? true
        if !ranOut {
          let line = text.line(ofBlock: certificates.count, labelled: "CERTIFICATE").map { " (line \($0))" } ?? ""
          throw TLSError(
            .invalidCertificate, .local,
            hint: "certificate \(certificates.count + 1) of the PEM text\(line) is malformed", openSSLErrors: entries)
        }
        if certificates.isEmpty {
          throw TLSError(
            .invalidCertificate, .local,
            hint: "there is no CERTIFICATE block in the PEM text; for DER use init(der:)",
            openSSLErrors: entries
          )
        }
        return certificates
      }
    }
  }
}
