internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// A certificate revocation list: the certificates that an issuer has revoked (RFC 5280, section 5).
///
/// Holding one costs a reference; nothing of it can change.
public struct TLSRevocationList: Sendable {
  /// Owns one reference to an `X509_CRL`.
  ///
  /// `@unchecked`: an X509_CRL is not changed after parsing; libcrypto guards its reference count and lazy caches
  /// itself.
  @safe
  final class Reference: @unchecked Sendable {
    let crl: OpaquePointer
    /// Takes over one reference.
    init(adopting crl: OpaquePointer) { unsafe self.crl = crl }
    deinit { unsafe X509_CRL_free(crl) }
  }

  let reference: Reference

  init(adopting crl: OpaquePointer) { unsafe reference = Reference(adopting: crl) }

  /// Parses a CRL in DER form. The bytes are copied.
  ///
  /// - Parameter der: the CRL and nothing after it.
  /// - Throws: ``TLSError`` with code `.invalidRevocationList`.
  ///
  /// Corresponds to `d2i_X509_CRL(3)`.
  public init(der: [UInt8]) throws(TLSError) {
    ErrorQueue.clear()
    let crl: OpaquePointer? = unsafe der.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      guard let crl = unsafe d2i_X509_CRL(nil, &cursor, bytes.count) else { return nil }
      if unsafe cursor == bytes.baseAddress! + bytes.count { return unsafe crl }
      unsafe X509_CRL_free(crl)
      return nil
    }
    guard let crl = unsafe crl else {
      throw TLSError(
        .invalidRevocationList, .local, hint: "the bytes are not one CRL in DER form; for PEM use bundle(pem:)",
        openSSLErrors: ErrorQueue.take())
    }
    unsafe self.init(adopting: crl)
  }

  /// Parses all CRLs of a PEM text. The bytes are copied.
  ///
  /// - Parameter pem: text with at least one `X509 CRL` block; other blocks are passed over. At most 2,147,483,647
  ///   bytes.
  /// - Returns: the CRLs in order, at least one.
  /// - Throws: ``TLSError`` with code `.invalidRevocationList` if there is none, or one is malformed or begins after
  ///   white space; `.invalidArgument` if there are too many bytes.
  ///
  /// Corresponds to `PEM_read_bio_X509_CRL(3)`.
  public static func bundle(pem: [UInt8]) throws(TLSError) -> [TLSRevocationList] { try bundle(of: .bytes(pem)) }

  /// Parses all CRLs of a file, which libcrypto opens: PEM text, or one CRL in DER form.
  ///
  /// - Parameter file: the file's path; the file has 64 MiB at most.
  /// - Returns: the CRLs in order, at least one.
  /// - Throws: as ``bundle(pem:)``, and `.unreadableFile` or `.containsNUL`.
  ///
  /// Corresponds to `BIO_new_file(3)`.
  public static func bundle(file: String) throws(TLSError) -> [TLSRevocationList] {
    let source = Source.file(file, "the CRL's file")
    do throws(TLSError) {
      let bytes = try unsafe source.withBytes { (bytes) throws(TLSError) in unsafe [UInt8](bytes) }
      // A SEQUENCE is what DER begins with, and no text.
      return bytes.first == 0x30 ? [try TLSRevocationList(der: bytes)] : try bundle(pem: bytes)
    } catch {
      if error.code != .invalidRevocationList { throw error }
      throw TLSError(
        error.code, error.blame, hint: "the CRL file \(file): \(error.hint)", openSSLErrors: error.openSSLErrors)
    }
  }

  private static func bundle(of source: Source) throws(TLSError) -> [TLSRevocationList] {
    try unsafe source.withBytes { (bytes) throws(TLSError) in
      if let line = unsafe PEMText(bytes).indentedBlock(labelled: "X509 CRL") {
        throw TLSError(
          .invalidRevocationList, .local,
          hint: "line \(line) of the PEM text begins an X509 CRL block after white space, where libcrypto does not see "
            + "it; remove the white space")
      }
      return try unsafe source.withBIO { (bio) throws(TLSError) in
        var lists: [TLSRevocationList] = []
        // A block that claims to be encrypted must not make libcrypto ask the terminal.
        while let crl = unsafe PEM_read_bio_X509_CRL(bio, nil, { _, _, _, _ in -1 }, nil) {
          unsafe lists.append(TLSRevocationList(adopting: crl))
        }
        let entries = ErrorQueue.take()
        // Running out of blocks is how the loop ends; everything else is a malformed block.
        let ranOut = entries.last.map { $0.reasonCode == Int(PEM_R_NO_START_LINE) && entries.count == 1 } ?? true
        if !ranOut || lists.isEmpty {
          throw TLSError(
            .invalidRevocationList, .local,
            hint: ranOut
              ? "there is no X509 CRL block in the PEM text; for DER use init(der:)"
              : "CRL \(lists.count + 1) of the PEM text is malformed", openSSLErrors: entries)
        }
        return lists
      }
    }
  }

  /// The issuer's name. Corresponds to `X509_CRL_get_issuer(3)`.
  public var issuer: TLSDistinguishedName { unsafe TLSDistinguishedName(of: X509_CRL_get_issuer(reference.crl)) }

  /// The time of issue, in seconds since 1970; `nil` if it is malformed. Corresponds to `X509_CRL_get0_lastUpdate(3)`.
  public var thisUpdate: Int64? {
    ErrorQueue.preserving { unsafe VerificationClock.seconds(X509_CRL_get0_lastUpdate(reference.crl)) }
  }

  /// The time by which the next one will be issued, in seconds since 1970; `nil` if there is none, or it is malformed.
  /// Corresponds to `X509_CRL_get0_nextUpdate(3)`.
  public var nextUpdate: Int64? {
    ErrorQueue.preserving { unsafe VerificationClock.seconds(X509_CRL_get0_nextUpdate(reference.crl)) }
  }

  /// The CRL in DER form, a fresh copy. Corresponds to `i2d_X509_CRL(3)`.
  public var der: [UInt8] {
    unsafe LibraryDER.encoded { unsafe i2d_X509_CRL(reference.crl, $0) }
  }

  /// The position of the time of verification: 1 after the CRL's end, -1 before its beginning, 0 within.
  func position(by parameters: OpaquePointer?) -> Int32 {
    ErrorQueue.preserving {
      unsafe X509_cmp_timeframe(
        parameters, X509_CRL_get0_lastUpdate(reference.crl), X509_CRL_get0_nextUpdate(reference.crl))
    }
  }

  func isInDate(by parameters: OpaquePointer?) -> Bool { unsafe position(by: parameters) == 0 }
}

extension TLSRevocationList: Hashable {
  /// Whether the two are the same list, byte for byte.
  public static func == (left: TLSRevocationList, right: TLSRevocationList) -> Bool {
    left.reference === right.reference || left.der == right.der
  }

  /// Hashes the encoded list.
  ///
  /// - Parameter hasher: the hasher.
  public func hash(into hasher: inout Hasher) { hasher.combine(der) }
}

extension TLSRevocationList: CustomStringConvertible {
  /// The issuer.
  public var description: String { "TLSRevocationList(\(issuer))" }
}
