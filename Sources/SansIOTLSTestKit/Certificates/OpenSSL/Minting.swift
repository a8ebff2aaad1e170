internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims
internal import SansIOTLS

/// The operations of libcrypto for certificates, with bytes as input and output.
///
/// Every pointer here is created, used and freed within one function, and the pointer of an array is valid for one
/// call.
enum Minting {
  /// Creates a random serial number of 64 bits, positive and not zero.
  static func serialNumber(_ library: SeededLibrary?) -> UInt64 {
    var octets = [UInt8](repeating: 0, count: 8)
    unsafe must(RAND_bytes_ex(library?.minting, &octets, octets.count, 0), "RAND_bytes_ex")
    return octets.reduce(0) { $0 << 8 | UInt64($1) } & 0x7fff_ffff_ffff_ffff | 1
  }

  /// The current time of libcrypto's clock, in seconds since 1970.
  static var now: Int64 {
    let fresh = unsafe made(SSL_SESSION_new(), "SSL_SESSION_new")
    defer { unsafe SSL_SESSION_free(fresh) }
    return unsafe sitls_session_time(fresh)
  }

  /// Creates a string of libcrypto, which the caller frees.
  static func string(_ type: Int32, _ contents: [UInt8]) -> UnsafeMutablePointer<ASN1_STRING> {
    let string = unsafe made(ASN1_STRING_type_new(type), "ASN1_STRING_type_new")
    unsafe must(ASN1_STRING_set(string, contents, Int32(clamping: contents.count)), "ASN1_STRING_set")
    return unsafe string
  }

  /// Creates an OCTET STRING, which the caller frees.
  static func octets(_ contents: [UInt8]) -> UnsafeMutablePointer<ASN1_OCTET_STRING> {
    unsafe string(V_ASN1_OCTET_STRING, contents)
  }

  /// Parses an IP address into its 4 or 16 octets.
  static func address(_ text: String) -> [UInt8] {
    let octets = unsafe made(lend(text, "the address") { unsafe a2i_IPADDRESS($0) }, "a2i_IPADDRESS(\"\(text)\")")
    defer { unsafe ASN1_OCTET_STRING_free(octets) }
    return unsafe Array(
      UnsafeBufferPointer(start: ASN1_STRING_get0_data(octets), count: Int(ASN1_STRING_length(octets))))
  }

  /// Returns the DER that one of the `i2d_` functions writes into memory of its own.
  static func encoded(_ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> Int32) -> [UInt8] {
    var octets: UnsafeMutablePointer<UInt8>?
    let count = unsafe Int(write(&octets))
    defer { unsafe CRYPTO_free(octets, nil, 0) }
    return unsafe Array(UnsafeBufferPointer(start: made(octets, "i2d"), count: count))
  }

  /// The leftmost 160 bits of the SHA-256 of some bytes.
  static func digest160(_ bytes: [UInt8]) -> [UInt8] { Array(sha256(bytes).prefix(20)) }

  /// The SHA-256 of some bytes.
  static func sha256(_ bytes: [UInt8]) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
      let digest = unsafe EVP_sha256()
      var written: UInt32 = 0
      unsafe must(EVP_Digest(bytes, bytes.count, buffer.baseAddress, &written, digest, nil), "EVP_Digest")
      count = Int(written)
    }
  }

  /// Passes a text to C; traps if it contains a NUL.
  static func lend<Result>(_ text: String, _ setting: String, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    do throws(TLSError) { return try unsafe text.withCText(setting, body) } catch {
      fatalError("cannot issue: \(error)")
    }
  }

  /// Returns the pointer that a call of libcrypto returned; traps with its reason if there is none.
  static func made<Pointer>(_ pointer: Pointer?, _ call: @autoclosure () -> String) -> Pointer {
    guard let pointer else { refuse(call()) }
    return pointer
  }

  /// Traps with libcrypto's reason unless the call returned 1.
  static func must(_ result: Int32, _ call: @autoclosure () -> String) {
    guard result == 1 else { refuse(call()) }
  }

  private static func refuse(_ call: String) -> Never {
    let error = ERR_peek_last_error()
    guard error != 0 else { fatalError("cannot issue: \(call)") }
    var reason = [CChar](repeating: 0, count: 256)
    unsafe ERR_error_string_n(error, &reason, reason.count)
    let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    fatalError("cannot issue: \(call): \(text)")
  }
}
