internal import CSansIOTLSOpenSSL

/// The rare contents of peculiar certificates, by the setters of libcrypto, which accept them.
///
/// Every pointer here is created, used and freed within one function, or belongs to the certificate.
extension CertificateTemplate {
  /// Changes a certificate that is complete but for its signature.
  func makePeculiar(_ x509: OpaquePointer) {
    guard let peculiarity, case .leaf(_, let names, _) = role else { return }
    switch peculiarity {
    case .noCommonName: unsafe Self.setSubject([[(NID_organizationName, "Example")]], of: x509)
    case .emptySubject:
      unsafe Self.setSubject([], of: x509)
      unsafe Self.setNames(names.map(Self.dns), isCritical: true, of: x509)
    case .manyNames: unsafe Self.setNames((names + (1...300).map { "host-\($0).test" }).map(Self.dns), of: x509)
    case .addresses:
      let addresses = ["192.0.2.1", "2001:db8::1", "::"].map { Self.element(0x87, Minting.address($0)) }
      unsafe Self.setNames(names.map(Self.dns) + addresses, of: x509)
    case .otherNames: unsafe Self.setNames(names.map(Self.dns) + Self.otherNames, of: x509)
    case .nulInName:
      unsafe Self.setNames([Self.dns((names.first ?? "") + "\0.invalid")] + names.dropFirst().map(Self.dns), of: x509)
    case .longSerialNumber: unsafe Self.setSerialNumber([0x00, 0xfe] + [UInt8](repeating: 0xa5, count: 18), of: x509)
    case .negativeSerialNumber: unsafe Self.setSerialNumber([0xfe, 0x00, 0x01], of: x509)
    case .farFuture: unsafe Self.setTime(X509_getm_notAfter(x509), 4_102_444_799)
    case .noEnd: unsafe Self.setTime(X509_getm_notAfter(x509), 253_402_300_799)
    case .severalAttributes:
      unsafe Self.setSubject(
        [
          [(NID_countryName, "DE")], [(NID_organizationName, "Example, Inc. \"quoted\" <a+b>; c\\d")],
          [(NID_organizationalUnitName, "#1"), (NID_serialNumber, "42")], [(NID_organizationalUnitName, " two ")],
          [(NID_commonName, "Zoë"), (NID_pkcs9_emailAddress, "zoe@example.test")],
        ], of: x509)
    case .bmpString: unsafe Self.setSubject(V_ASN1_BMPSTRING, "Ωμέγα".utf16.flatMap(Self.octets), of: x509)
    case .universalString:
      unsafe Self.setSubject(
        V_ASN1_UNIVERSALSTRING, "Ω🔒".unicodeScalars.map(\.value).flatMap(Self.octets), of: x509)
    case .t61String: unsafe Self.setSubject(V_ASN1_T61STRING, Array("Zo".utf8) + [0xeb], of: x509)
    case .unknownAttribute:
      let type = unsafe Minting.lend(Self.privateIdentifier, "the identifier") { unsafe OBJ_txt2obj($0, 1) }
      defer { unsafe ASN1_OBJECT_free(type) }
      let value = Array("Hello".utf8)
      unsafe Minting.must(
        X509_NAME_add_entry_by_OBJ(
          X509_get_subject_name(x509), type, V_ASN1_UTF8STRING, value, CInt(clamping: value.count), -1, 0),
        "X509_NAME_add_entry_by_OBJ")
    case .unknownExtension: unsafe Self.add(Self.privateIdentifier, [0x0c, 2, 0x68, 0x69], to: x509)
    case .mustStaple: unsafe Self.add("1.3.6.1.5.5.7.1.24", Self.element(0x30, [0x02, 1, 5]), to: x509)
    case .timestamps:
      unsafe Self.add("1.3.6.1.4.1.11129.2.4.2", Self.element(0x04, Self.timestampList), to: x509)
    }
  }

  /// An identifier for examples (RFC 5612).
  private static let privateIdentifier = "1.3.6.1.4.1.32473.1"

  // MARK: Subject

  private static func setSubject(_ relativeNames: [[(kind: CInt, value: String)]], of x509: OpaquePointer) {
    let name = unsafe Minting.made(X509_NAME_new(), "X509_NAME_new")
    defer { unsafe X509_NAME_free(name) }
    for attributes in relativeNames {
      for (index, attribute) in attributes.enumerated() {
        let value = Array(attribute.value.utf8)
        let isASCII = attribute.kind == NID_countryName || attribute.kind == NID_serialNumber
        let isMail = attribute.kind == NID_pkcs9_emailAddress
        unsafe Minting.must(
          X509_NAME_add_entry_by_NID(
            name, attribute.kind,
            isASCII ? V_ASN1_PRINTABLESTRING : isMail ? V_ASN1_IA5STRING : V_ASN1_UTF8STRING, value,
            CInt(clamping: value.count), -1, index == 0 ? 0 : -1), "X509_NAME_add_entry_by_NID")
      }
    }
    unsafe Minting.must(X509_set_subject_name(x509, name), "X509_set_subject_name")
  }

  private static func setSubject(_ kind: CInt, _ value: [UInt8], of x509: OpaquePointer) {
    let name = unsafe Minting.made(X509_NAME_new(), "X509_NAME_new")
    defer { unsafe X509_NAME_free(name) }
    unsafe Minting.must(
      X509_NAME_add_entry_by_NID(name, NID_commonName, kind, value, CInt(clamping: value.count), -1, 0),
      "X509_NAME_add_entry_by_NID")
    unsafe Minting.must(X509_set_subject_name(x509, name), "X509_set_subject_name")
  }

  private static func octets(_ number: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
    (1...number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (number.bitWidth - 8 * $0)) }
  }

  private static func setSerialNumber(_ bytes: [UInt8], of x509: OpaquePointer) {
    let der = element(0x02, bytes)
    let number = unsafe der.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return unsafe Minting.made(d2i_ASN1_INTEGER(nil, &cursor, buffer.count), "d2i_ASN1_INTEGER")
    }
    defer { unsafe ASN1_INTEGER_free(number) }
    unsafe Minting.must(X509_set_serialNumber(x509, number), "X509_set_serialNumber")
  }

  // MARK: Extensions

  private static func dns(_ name: String) -> [UInt8] { element(0x82, Array(name.utf8)) }

  /// In DER: a URI, a mail address, a distinguished name (CN=Alias), an identifier, and a name of an unknown kind.
  private static let otherNames = [
    element(0x86, Array("spiffe://example.test/service".utf8)), element(0x81, Array("zoe@example.test".utf8)),
    element(
      0xa4, element(0x30, element(0x31, element(0x30, [0x06, 3, 0x55, 4, 3] + element(0x0c, Array("Alias".utf8)))))),
    element(0x88, [0x2a, 3, 4, 5]),
    element(0xa0, [0x06, 3, 0x2a, 3, 4] + element(0xa0, element(0x0c, Array("x".utf8)))),
  ]

  /// Two timestamps of version 1, with signatures that are none.
  private static let timestampList: [UInt8] = {
    let statements = [UInt8(1), 2].map { number in
      // Version, log, time in milliseconds, no extensions, ECDSA with SHA-256, signature.
      [0] + [UInt8](repeating: number, count: 32) + octets(1_700_000_000_000 + UInt64(number)) + [
        0, 0, 4, 3, 0, 2, 0, 0,
      ]
    }
    let list = statements.flatMap { octets(UInt16(clamping: $0.count)) + $0 }
    return octets(UInt16(clamping: list.count)) + list
  }()

  private static func setNames(_ names: [[UInt8]], isCritical: Bool = false, of x509: OpaquePointer) {
    let place = unsafe X509_get_ext_by_NID(x509, NID_subject_alt_name, -1)
    if place >= 0 { unsafe X509_EXTENSION_free(X509_delete_ext(x509, place)) }
    unsafe add("2.5.29.17", element(0x30, names.flatMap(\.self)), isCritical: isCritical, to: x509)
  }

  private static func add(_ kind: String, _ value: [UInt8], isCritical: Bool = false, to x509: OpaquePointer) {
    let type = unsafe Minting.lend(kind, "the identifier") { unsafe OBJ_txt2obj($0, 1) }
    defer { unsafe ASN1_OBJECT_free(type) }
    let contents = unsafe Minting.octets(value)
    defer { unsafe ASN1_OCTET_STRING_free(contents) }
    let part = unsafe Minting.made(
      X509_EXTENSION_create_by_OBJ(nil, type, isCritical ? 1 : 0, contents), "X509_EXTENSION_create_by_OBJ")
    defer { unsafe X509_EXTENSION_free(part) }
    unsafe Minting.must(X509_add_ext(x509, part, -1), "X509_add_ext")
  }

  /// An element of DER of less than 64 KiB.
  private static func element(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
    let length = octets(UInt16(clamping: contents.count))
    let form: [UInt8] =
      contents.count < 0x80 ? [length[1]] : contents.count < 0x100 ? [0x81, length[1]] : [0x82] + length
    return [tag] + form + contents
  }
}
