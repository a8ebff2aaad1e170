internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Owns one reference to an `EVP_PKEY`; libcrypto zeroes the key when the last reference is released.
///
/// `@unchecked`: a key is not changed after parsing; libcrypto guards its reference count and caches itself.
@safe
final class PrivateKey: @unchecked Sendable {
  let pkey: OpaquePointer
  /// The library context whose provider holds the key.
  let library: TLSLibraryContext
  /// Whether the key can be copied to another library. A key of a device, or one held elsewhere, stays where it is, and
  /// signs there.
  let isExportable: Bool
  /// The holder of a key that is held elsewhere.
  let holder: TLSSigner?

  /// Takes over one reference.
  init(
    adopting pkey: OpaquePointer, library: TLSLibraryContext, isExportable: Bool = true, holder: TLSSigner? = nil
  ) {
    unsafe self.pkey = pkey
    self.library = library
    self.isExportable = isExportable
    self.holder = holder
  }

  deinit { unsafe EVP_PKEY_free(pkey) }

  /// Whether the public keys and the holders are equal. Corresponds to `EVP_PKEY_eq(3)`.
  func isEqual(to other: PrivateKey) -> Bool {
    self === other
      || holder == other.holder && ErrorQueue.preserving { unsafe EVP_PKEY_eq(pkey, other.pkey) == 1 }
  }

  /// Parses a key in PEM or DER form, in each structure that libcrypto decodes (PKCS#8, PKCS#1, SEC 1), encrypted or
  /// not, whatever the PEM label says. The first key that can be read is taken.
  static func parse(
    _ source: Source, passphrase: String?, library: TLSLibraryContext
  ) throws(TLSError) -> PrivateKey {
    let passphrase = try passphrase.map { (text) throws(TLSError) in try Passphrase(text) }
    let decoder = KeyDecoder(passphrase, library.decoding ?? library)
    return try unsafe source.withBytes { (bytes) throws(TLSError) in
      ErrorQueue.clear()
      guard bytes.count <= CInt.max else {
        throw TLSError(
          .invalidArgument, .misuse, hint: "\(bytes.count) bytes are more than libcrypto reads, which is \(CInt.max)")
      }
      var refusal: TLSError?
      if let key = try unsafe decoder.firstKey(inPEM: bytes, &refusal) { return key }
      if refusal == nil, let key = unsafe decoder.key(in: bytes, "the private key", &refusal) { return key }
      let line = unsafe PEMText(bytes).indentedBlock(labelled: "PRIVATE KEY")
      let hint =
        line.map {
          "line \($0) of the PEM text begins a PRIVATE KEY block after white space, where libcrypto does not see it; "
            + "there is no private key beside it; remove the white space"
        } ?? "there is no private key in PEM or DER form"
      throw refusal ?? TLSError(.invalidPrivateKey, .local, hint: hint, openSSLErrors: ErrorQueue.take())
    }
  }
}

/// Reads one key after the other, and notes the reason that the first unreadable one was refused.
private struct KeyDecoder {
  let passphrase: Passphrase?
  let library: TLSLibraryContext

  init(_ passphrase: Passphrase?, _ library: TLSLibraryContext) {
    self.passphrase = passphrase
    self.library = library
  }

  /// The first key among the blocks of a PEM text whose label ends with `PRIVATE KEY`. Blocks that cannot be read do
  /// not hide one that can. Corresponds to `PEM_read_bio(3)`.
  func firstKey(inPEM bytes: UnsafeRawBufferPointer, _ refusal: inout TLSError?) throws(TLSError) -> PrivateKey? {
    guard
      let bio = unsafe BIO_new_mem_buf(
        bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1), CInt(clamping: bytes.count))
    else { throw TLSError(.openSSLFailure, .local, hint: "no memory for a BIO", openSSLErrors: ErrorQueue.take()) }
    defer { unsafe BIO_free(bio) }
    var blocks = 0
    while true {
      let start = unsafe BIO_ctrl(bio, BIO_C_FILE_TELL, 0, nil)
      var label: UnsafeMutablePointer<CChar>?
      var header: UnsafeMutablePointer<CChar>?
      var data: UnsafeMutablePointer<UInt8>?
      var count = 0
      if unsafe PEM_read_bio(bio, &label, &header, &data, &count) == 1 {
        defer {
          unsafe CRYPTO_free(label, nil, 0)
          unsafe CRYPTO_free(header, nil, 0)
          unsafe CRYPTO_clear_free(data, count, nil, 0)
        }
        let name = unsafe label.map { unsafe String(cString: $0) } ?? ""
        guard name.hasSuffix("PRIVATE KEY") else { continue }
        let line = unsafe PEMText(bytes).line(ofBlock: blocks, labelled: "PRIVATE KEY").map { " (line \($0))" } ?? ""
        blocks += 1
        let block = "the private key\(line)"
        let request = PassphraseRequest(passphrase)
        guard unsafe open(header, data, &count, request, block, &refusal) else { continue }
        let der = unsafe UnsafeRawBufferPointer(start: data, count: count)
        if let key = unsafe key(in: der, block, &refusal) { return key }
        // One wrong passphrase in 256 leaves a right padding, and bytes that are no key.
        if request.wasAsked { refusal = refusal ?? self.refusal(block, isAsked: true, nil, ErrorQueue.take()) }
        if refusal == nil {
          let advice = name == "OPENSSH PRIVATE KEY" ? "; convert it: ssh-keygen -p -m PKCS8 -f FILE" : ""
          refusal = TLSError(
            .invalidPrivateKey, .local,
            hint: "there is no private key that libcrypto knows in the block \(name)\(line)\(advice)",
            openSSLErrors: ErrorQueue.take())
        }
      } else {
        let entries = ErrorQueue.take()
        let ranOut = entries.allSatisfy { $0.reasonCode == Int(PEM_R_NO_START_LINE) }
        if unsafe ranOut || BIO_ctrl(bio, BIO_C_FILE_TELL, 0, nil) <= start { return nil }
      }
    }
  }

  /// Decrypts the contents of a block that PEM itself encrypts (RFC 1421). Corresponds to `PEM_do_header(3)`.
  ///
  /// - Returns: whether the contents are plain now.
  private func open(
    _ header: UnsafeMutablePointer<CChar>?, _ data: UnsafeMutablePointer<UInt8>?, _ count: inout Int,
    _ request: PassphraseRequest, _ what: String, _ refusal: inout TLSError?
  ) -> Bool {
    ErrorQueue.clear()
    var cipher = unsafe EVP_CIPHER_INFO()
    let isKnown = unsafe PEM_get_EVP_CIPHER_INFO(header, &cipher) == 1
    let argument = unsafe Unmanaged.passUnretained(request).toOpaque()
    if unsafe isKnown && PEM_do_header(&cipher, data, &count, PassphraseRequest.callback, argument) == 1 { return true }
    let entries = ErrorQueue.take()
    // The cipher's name is between the field's name and the comma before the initialisation vector.
    let lines = unsafe header.map { unsafe String(cString: $0) }?.split(separator: "\n") ?? []
    let field = lines.first { $0.hasPrefix("DEK-Info:") }?.dropFirst(9).prefix { $0 != "," }
    let algorithm = field.map { String($0.drop { $0 == " " }) }
    refusal = refusal ?? self.refusal(what, isAsked: request.wasAsked || !isKnown, algorithm, entries)
    return false
  }

  /// The key of a DER structure. Corresponds to `OSSL_DECODER_from_data(3)`.
  ///
  /// What PKCS#8 encrypts is decrypted here: the decoder would ask a callback for the passphrase, and leaves a copy of
  /// it on the stack.
  ///
  /// - Returns: the key; `nil` if there is none, and then `refusal` is set if the structure is encrypted.
  func key(in der: UnsafeRawBufferPointer, _ what: String, _ refusal: inout TLSError?) -> PrivateKey? {
    let request = PassphraseRequest(passphrase)
    let encrypted = unsafe EncryptedKeyInfo(der)
    let key =
      if let encrypted {
        passphrase.flatMap { unsafe encrypted.opened(by: $0, library) { unsafe decode($0, request) } }
      } else {
        unsafe decode(der, request)
      }
    if let key {
      ErrorQueue.clear()
      return key
    }
    if encrypted != nil || request.wasAsked {
      let entries = ErrorQueue.take()
      refusal = refusal ?? self.refusal(what, isAsked: true, encrypted?.algorithm, entries)
    }
    return nil
  }

  private func refusal(
    _ what: String, isAsked: Bool, _ algorithm: String?, _ entries: [TLSError.OpenSSLEntry]
  ) -> TLSError {
    if let error = TLSError.unsupportedEncryption(of: what, algorithm, entries) { return error }
    if isAsked, passphrase == nil {
      return TLSError(
        .missingPassphrase, .local, hint: "\(what) is encrypted; give its passphrase", openSSLErrors: entries)
    }
    return TLSError(
      isAsked ? .wrongPassphrase : .invalidPrivateKey, .local,
      hint: isAsked ? "the passphrase does not open \(what)" : "there is no private key in PEM or DER form",
      openSSLErrors: entries)
  }

  private func decode(_ der: UnsafeRawBufferPointer, _ request: PassphraseRequest) -> PrivateKey? {
    unsafe decodeVersion1(der, request) ?? decodeVersion2(der, request)
  }

  private func decodeVersion1(_ der: UnsafeRawBufferPointer, _ request: PassphraseRequest) -> PrivateKey? {
    var pkey: OpaquePointer?
    // The decoder keeps the address to which it writes the key.
    unsafe withUnsafeMutablePointer(to: &pkey) { place in
      guard
        let decoder = unsafe OSSL_DECODER_CTX_new_for_pkey(
          place, nil, nil, nil, CInt(sitls_key_pair), library.pointer, nil)
      else { return }
      defer { unsafe OSSL_DECODER_CTX_free(decoder) }
      let argument = unsafe Unmanaged.passUnretained(request).toOpaque()
      unsafe OSSL_DECODER_CTX_set_pem_password_cb(decoder, PassphraseRequest.callback, argument)
      var start = unsafe der.baseAddress?.assumingMemoryBound(to: UInt8.self)
      var count = der.count
      _ = unsafe OSSL_DECODER_from_data(decoder, &start, &count)
    }
    return unsafe pkey.map { unsafe PrivateKey(adopting: $0, library: library) }
  }

  /// PKCS#8 of version 2 (RFC 5958), which states the public key after the private one; libcrypto reads version 1,
  /// where the structure ends before it.
  private func decodeVersion2(_ der: UnsafeRawBufferPointer, _ request: PassphraseRequest) -> PrivateKey? {
    var cursor = unsafe der.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let elements = unsafe d2i_ASN1_SEQUENCE_ANY(nil, &cursor, der.count) else { return nil }
    defer {
      while let element = unsafe OPENSSL_sk_pop(elements)?.assumingMemoryBound(to: ASN1_TYPE.self) {
        if unsafe ASN1_TYPE_get(element) == V_ASN1_OCTET_STRING {
          unsafe OPENSSL_cleanse(
            element.pointee.value.octet_string.pointee.data, Int(element.pointee.value.octet_string.pointee.length))
        }
        unsafe ASN1_TYPE_free(element)
      }
      unsafe OPENSSL_sk_free(elements)
    }
    guard unsafe OPENSSL_sk_num(elements) > 3,
      let version = unsafe OPENSSL_sk_value(elements, 0)?.assumingMemoryBound(to: ASN1_TYPE.self),
      unsafe ASN1_TYPE_get(version) == V_ASN1_INTEGER, unsafe ASN1_INTEGER_get(version.pointee.value.integer) == 1
    else { return nil }
    while unsafe OPENSSL_sk_num(elements) > 3 {
      unsafe ASN1_TYPE_free(OPENSSL_sk_pop(elements)?.assumingMemoryBound(to: ASN1_TYPE.self))
    }
    unsafe ASN1_INTEGER_set(version.pointee.value.integer, 0)
    var encoded: UnsafeMutablePointer<UInt8>?
    let count = Int(unsafe i2d_ASN1_SEQUENCE_ANY(elements, &encoded))
    defer { unsafe CRYPTO_clear_free(encoded, max(count, 0), nil, 0) }
    return count > 0 ? unsafe decodeVersion1(UnsafeRawBufferPointer(start: encoded, count: count), request) : nil
  }
}

/// A private key encrypted as PKCS#8 does it.
///
/// `@safe`: the pointer is owned.
@safe
private final class EncryptedKeyInfo {
  private let info: OpaquePointer

  /// - Returns: `nil` if the bytes are something else.
  init?(_ der: UnsafeRawBufferPointer) {
    var cursor = unsafe der.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let info = unsafe d2i_X509_SIG(nil, &cursor, der.count) else {
      ErrorQueue.clear()
      return nil
    }
    unsafe self.info = info
  }

  deinit { unsafe X509_SIG_free(info) }

  /// The names of all algorithms that take part.
  var algorithm: String {
    var algorithm: UnsafePointer<X509_ALGOR>?
    unsafe X509_SIG_get0(info, &algorithm, nil)
    return unsafe AlgorithmName.encryption(algorithm)
  }

  /// Decrypts the contents and lends them. Corresponds to `PKCS8_decrypt(3)`, which does not give what it cannot parse.
  func opened(
    by passphrase: Passphrase, _ library: TLSLibraryContext, _ body: (UnsafeRawBufferPointer) -> PrivateKey?
  ) -> PrivateKey? {
    var algorithm: UnsafePointer<X509_ALGOR>?
    var contents: UnsafePointer<ASN1_OCTET_STRING>?
    unsafe X509_SIG_get0(info, &algorithm, &contents)
    var plain: UnsafeMutablePointer<UInt8>?
    var count: CInt = 0
    let isOpen = unsafe passphrase.withBytes { text in
      unsafe PKCS12_pbe_crypt_ex(
        algorithm, text.baseAddress, CInt(clamping: text.count), ASN1_STRING_get0_data(contents),
        ASN1_STRING_length(contents), &plain, &count, 0, library.pointer, nil) != nil
    }
    defer { unsafe CRYPTO_clear_free(plain, Int(count), nil, 0) }
    return isOpen ? unsafe body(UnsafeRawBufferPointer(start: plain, count: Int(count))) : nil
  }
}
