internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// An X.509 certificate.
///
/// Holding one costs a reference; nothing of it can change. Its contents are read from libcrypto's form each time that
/// they are asked for, and are copies. They are what the issuer wrote: only the certificates of a verified chain are
/// known to be what an authority said.
public struct TLSCertificate: Sendable {
  /// Owns one reference to an `X509`.
  ///
  /// `@unchecked`: an X509 is not changed after parsing; libcrypto guards its reference count and lazy caches itself.
  @safe
  final class Reference: @unchecked Sendable {
    let x509: OpaquePointer
    /// Takes over one reference.
    init(adopting x509: OpaquePointer) { unsafe self.x509 = x509 }
    deinit { unsafe X509_free(x509) }
  }

  let reference: Reference

  init(adopting x509: OpaquePointer) { unsafe reference = Reference(adopting: x509) }

  /// Parses one certificate in DER form. The bytes are copied.
  ///
  /// - Parameter der: the certificate and nothing after it.
  /// - Throws: ``TLSError`` with code `.invalidCertificate`.
  ///
  /// Corresponds to `d2i_X509(3)`.
  public init(der: [UInt8]) throws(TLSError) {
    ErrorQueue.clear()
    let (x509, consumed): (OpaquePointer?, Int) = unsafe der.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      let parsed = unsafe d2i_X509(nil, &cursor, bytes.count)
      return unsafe (parsed, parsed == nil ? 0 : bytes.baseAddress!.distance(to: cursor!))
    }
    guard let x509 = unsafe x509 else {
      throw TLSError(
        .invalidCertificate, .local, hint: "the bytes are not an X.509 certificate in DER form; for PEM use init(pem:)",
        openSSLErrors: ErrorQueue.take())
    }
    unsafe self.init(adopting: x509)
    if consumed != der.count {
      throw TLSError(
        .invalidCertificate, .local, hint: "\(der.count - consumed) bytes follow the DER certificate")
    }
  }

  /// Parses the first certificate of a PEM text. The bytes are copied.
  ///
  /// - Parameter pem: text with at least one `CERTIFICATE` block.
  /// - Throws: ``TLSError`` with code `.invalidCertificate`.
  ///
  /// Corresponds to `PEM_read_bio_X509(3)`.
  public init(pem: [UInt8]) throws(TLSError) {
    self = try Self.bundle(pem: pem)[0]
  }

  /// Parses all certificates of a PEM text. The bytes are copied.
  ///
  /// - Parameter pem: text with at least one `CERTIFICATE` block; other blocks are passed over. At most 2,147,483,647
  ///   bytes.
  /// - Returns: the certificates in order, at least one.
  /// - Throws: ``TLSError`` with code `.invalidCertificate` if there is none, or one is malformed or begins after white
  ///   space; `.invalidArgument` if there are too many bytes.
  ///
  /// Corresponds to `PEM_read_bio_X509_AUX(3)`.
  public static func bundle(pem: [UInt8]) throws(TLSError) -> [TLSCertificate] {
    try Source.bytes(pem).certificates()
  }

  /// The certificate in DER form, a fresh copy. Corresponds to `i2d_X509(3)`.
  public var der: [UInt8] {
    let count = Int(unsafe i2d_X509(reference.x509, nil))
    return unsafe [UInt8](unsafeUninitializedCapacity: max(count, 0)) { buffer, initialized in
      var cursor = buffer.baseAddress
      initialized = count > 0 ? Int(unsafe i2d_X509(reference.x509, &cursor)) : 0
    }
  }

  /// The certificate as a PEM block with its line feeds (RFC 7468), a fresh copy. Corresponds to
  /// `PEM_write_bio_X509(3)`.
  public var pem: String {
    var digits = Base64.encode(der)[...]
    var text = "-----BEGIN CERTIFICATE-----\n"
    while !digits.isEmpty {
      text += digits.prefix(64) + "\n"
      digits = digits.dropFirst(64)
    }
    return text + "-----END CERTIFICATE-----\n"
  }

  /// The certificates of a stack that the caller does not own; each is retained.
  static func references(in stack: OpaquePointer?) -> [TLSCertificate] {
    unsafe (0..<sitls_x509_count(stack)).compactMap { index in
      guard let x509 = unsafe sitls_x509_at(stack, index) else { return nil }
      unsafe X509_up_ref(x509)
      return unsafe TLSCertificate(adopting: x509)
    }
  }
}

extension TLSCertificate: Hashable {
  /// Whether the two are the same certificate, byte for byte. Corresponds to `X509_cmp(3)`.
  public static func == (left: TLSCertificate, right: TLSCertificate) -> Bool {
    unsafe X509_cmp(left.reference.x509, right.reference.x509) == 0
  }

  /// Hashes the encoded certificate.
  ///
  /// - Parameter hasher: the hasher.
  public func hash(into hasher: inout Hasher) { hasher.combine(der) }
}

extension TLSCertificate: CustomStringConvertible {
  /// The subject and the issuer; what cannot be printed is escaped.
  public var description: String { "\(subject) (issued by \(issuer))" }
}
