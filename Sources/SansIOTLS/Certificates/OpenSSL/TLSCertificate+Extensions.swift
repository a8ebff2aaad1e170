internal import CSansIOTLSOpenSSL

/// The extensions of a certificate. An extension that is malformed, or that occurs twice, allows nothing and has no
/// names.
extension TLSCertificate {
  /// All extensions in the encoded order, those that nothing here reads included. Corresponds to `X509_get_ext(3)`.
  public var extensions: [Extension] {
    unsafe (0..<max(X509_get_ext_count(reference.x509), 0)).compactMap { index in
      guard let part = unsafe X509_get_ext(reference.x509, index) else { return nil }
      return unsafe Extension(
        type: TLSObjectIdentifier(of: X509_EXTENSION_get_object(part)),
        isCritical: X509_EXTENSION_get_critical(part) == 1,
        value: LibraryDER.contents(of: X509_EXTENSION_get_data(part)))
    }
  }

  // MARK: Names

  /// The subject alternative names in the encoded order. Corresponds to RFC 5280, section 4.2.1.6.
  public var alternativeNames: [AlternativeName] {
    unsafe decoded(NID_subject_alt_name, GENERAL_NAMES_free) { names in
      unsafe LibraryDER.elements(of: names).map { unsafe Self.name(UnsafeMutablePointer<GENERAL_NAME>($0)) }
    }.value ?? []
  }

  /// The DNS names among ``alternativeNames``, wildcards included.
  public var dnsNames: [String] { alternativeNames.compactMap { if case .dns(let name) = $0 { name } else { nil } } }

  /// The addresses among ``alternativeNames``, for example `192.0.2.1` or `2001:db8::1`.
  public var addresses: [String] {
    alternativeNames.compactMap { if case .address(let address) = $0 { address } else { nil } }
  }

  /// The URIs among ``alternativeNames``.
  public var uris: [String] { alternativeNames.compactMap { if case .uri(let uri) = $0 { uri } else { nil } } }

  /// The mail addresses among ``alternativeNames``.
  public var mailAddresses: [String] {
    alternativeNames.compactMap { if case .mail(let address) = $0 { address } else { nil } }
  }

  // MARK: Uses

  /// The operations that the key is limited to; `nil` without the extension, which means all. Corresponds to RFC 5280,
  /// section 4.2.1.3.
  public var keyUsage: KeyUsage? {
    let usage = unsafe decoded(NID_key_usage, { unsafe ASN1_BIT_STRING_free(UnsafeMutablePointer($0)) }) { bits in
      let bits = unsafe UnsafePointer<ASN1_BIT_STRING>(bits)
      return KeyUsage.names.indices.reduce(into: KeyUsage()) { usage, bit in
        if unsafe ASN1_BIT_STRING_get_bit(bits, CInt(bit)) == 1 { usage.formUnion(KeyUsage(rawValue: 1 << bit)) }
      }
    }
    return usage.isAbsent ? nil : usage.value ?? []
  }

  /// The purposes that the certificate is limited to; `nil` without the extension, which means all. Corresponds to RFC
  /// 5280, section 4.2.1.12.
  public var extendedKeyUsages: [TLSObjectIdentifier]? {
    let purposes = unsafe decoded(NID_ext_key_usage, EXTENDED_KEY_USAGE_free) { purposes in
      unsafe LibraryDER.elements(of: purposes).map { unsafe TLSObjectIdentifier(of: $0) }
    }
    return purposes.isAbsent ? nil : purposes.value ?? []
  }

  /// Whether the certificate may issue others. Corresponds to RFC 5280, section 4.2.1.9.
  public var isAuthority: Bool { constraints.isAuthority }

  /// The number of authorities that may follow below this one in a chain; `nil` for any number, and for a certificate
  /// that is no authority's.
  public var pathLength: Int? { constraints.pathLength }

  private var constraints: (isAuthority: Bool, pathLength: Int?) {
    let read = unsafe decoded(NID_basic_constraints, { unsafe BASIC_CONSTRAINTS_free(UnsafeMutablePointer($0)) }) {
      constraints -> (isAuthority: Bool, pathLength: Int?)? in
      let constraints = unsafe UnsafePointer<BASIC_CONSTRAINTS>(constraints)
      guard unsafe constraints.pointee.ca != 0 else { return (false, nil) }
      guard let encoded = unsafe constraints.pointee.pathlen else { return (true, nil) }
      var length: Int64 = 0
      // libcrypto too takes an authority with such a path length for invalid.
      guard unsafe ASN1_INTEGER_get_int64(&length, encoded) == 1, length >= 0 else { return nil }
      return (true, Int(clamping: length))
    }
    return (read.value ?? nil) ?? (false, nil)
  }

  /// Whether a server must send a proof that the certificate is not revoked (must-staple): the TLS feature
  /// `status_request`. True if the extension is malformed. Corresponds to RFC 7633.
  public var requiresStaple: Bool {
    let features = unsafe decoded(NID_tlsfeature, TLS_FEATURE_free) { features in
      unsafe LibraryDER.elements(of: features).contains { feature in
        var number: Int64 = 0
        return unsafe ASN1_INTEGER_get_int64(&number, UnsafePointer<ASN1_INTEGER>(feature)) == 1
          && number == Int64(TLSEXT_TYPE_status_request)
      }
    }
    return features.isAbsent ? false : features.value ?? true
  }

  /// The timestamps of logs that the issuer embedded. They are not verified. Corresponds to RFC 6962, section 3.3.
  public var signedCertificateTimestamps: [TLSSignedCertificateTimestamp] {
    extensions.first { $0.type == TLSObjectIdentifier("1.3.6.1.4.1.11129.2.4.2") }.flatMap { part in
      // An OCTET STRING within that of the extension.
      guard part.value.first == UInt8(V_ASN1_OCTET_STRING), let list = DER.first(of: part.value[...]),
        list.rest.isEmpty
      else { return nil }
      return TLSSignedCertificateTimestamp.list(Array(list.contents))
    } ?? []
  }

  // MARK: Decoding

  /// Decodes an extension.
  ///
  /// - Parameters:
  ///   - kind: libcrypto's number of the extension.
  ///   - free: frees what libcrypto decodes.
  ///   - body: receives what libcrypto decoded, valid for the call.
  /// - Returns: the result of the body, `nil` for an extension that is absent, malformed or there twice; and whether it
  ///   is absent.
  private func decoded<Value>(
    _ kind: CInt, _ free: (OpaquePointer?) -> Void, _ body: (OpaquePointer) -> Value
  ) -> (value: Value?, isAbsent: Bool) {
    ErrorQueue.preserving {
      var status: CInt = 0
      guard let value = unsafe X509_get_ext_d2i(reference.x509, kind, &status, nil) else {
        return (nil, status == -1)
      }
      defer { unsafe free(OpaquePointer(value)) }
      return (unsafe body(OpaquePointer(value)), false)
    }
  }

  /// Copies a `GENERAL_NAME`.
  private static func name(_ name: UnsafeMutablePointer<GENERAL_NAME>) -> AlternativeName {
    var kind: CInt = 0
    let value = unsafe GENERAL_NAME_get0_value(name, &kind)
    let string = unsafe value.map { unsafe UnsafePointer($0.assumingMemoryBound(to: ASN1_STRING.self)) }
    var read: AlternativeName?
    switch kind {
    case GEN_DNS: read = unsafe ascii(string, from: 0x21).map(AlternativeName.dns)
    case GEN_EMAIL: read = unsafe ascii(string, from: 0x20).map(AlternativeName.mail)
    case GEN_URI: read = unsafe ascii(string, from: 0x20).map(AlternativeName.uri)
    case GEN_IPADD: read = unsafe IPAddress.text(of: LibraryDER.contents(of: string)).map(AlternativeName.address)
    case GEN_DIRNAME: read = unsafe .directory(TLSDistinguishedName(of: OpaquePointer(value)))
    case GEN_RID: read = unsafe .identifier(TLSObjectIdentifier(of: OpaquePointer(value)))
    default: break
    }
    return read ?? .other(der: unsafe LibraryDER.encoded { unsafe i2d_GENERAL_NAME(name, $0) })
  }

  /// A string of printable ASCII, at least one character.
  private static func ascii(_ string: UnsafePointer<ASN1_STRING>?, from least: UInt8) -> String? {
    let octets = unsafe LibraryDER.contents(of: string)
    guard !octets.isEmpty, octets.allSatisfy((least...0x7e).contains) else { return nil }
    return String(decoding: octets, as: UTF8.self)
  }
}
