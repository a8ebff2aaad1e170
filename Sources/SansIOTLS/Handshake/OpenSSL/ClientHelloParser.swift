internal import CSansIOTLSOpenSSL

/// Reads the relevant fields of the ClientHello that libssl is processing. libssl has checked the outer structure and
/// limits the size; the contents of extensions are checked here, and malformed ones count as absent (libssl refuses
/// them later with the right alert).
extension TLSEngine.ClientHello {
  /// Valid only inside the ClientHello callback, where the extension bytes live.
  init(of ssl: OpaquePointer, _ wish: Selectors) {
    var suites: UnsafePointer<UInt8>?
    let suitesCount = unsafe SSL_client_hello_get0_ciphers(ssl, &suites)
    let legacyVersion = UInt16(truncatingIfNeeded: unsafe SSL_client_hello_get0_legacy_version(ssl))
    self.init(
      serverName: wish.serverName, applicationProtocols: Self.protocols(in: wish.applicationProtocols),
      versions: Self.versions(
        in: unsafe Self.extensionBytes(UInt32(TLSEXT_TYPE_supported_versions), of: ssl), legacy: legacyVersion),
      cipherSuites: Self.numbers(in: unsafe [UInt8](UnsafeBufferPointer(start: suites, count: suitesCount)))
        .map(TLSCipherSuite.init(rawValue:)),
      groups: Self.list(in: unsafe Self.extensionBytes(UInt32(TLSEXT_TYPE_supported_groups), of: ssl))
        .map(TLSGroup.init(rawValue:)),
      signatureSchemes: Self.list(in: unsafe Self.extensionBytes(UInt32(TLSEXT_TYPE_signature_algorithms), of: ssl))
        .map(TLSSignatureScheme.init(rawValue:)))
  }

  /// The fields by which a context is selected, as they were sent.
  struct Selectors: Equatable {
    private let serverNames: [UInt8]
    let applicationProtocols: [UInt8]

    /// Valid only inside the ClientHello callback, where the extension bytes live.
    init(of ssl: OpaquePointer) {
      serverNames = unsafe TLSEngine.ClientHello.extensionBytes(UInt32(TLSEXT_TYPE_server_name), of: ssl)
      applicationProtocols = unsafe TLSEngine.ClientHello.extensionBytes(
        UInt32(TLSEXT_TYPE_application_layer_protocol_negotiation), of: ssl)
    }

    var serverName: String? { TLSEngine.ClientHello.serverName(in: serverNames) }
  }

  private static func extensionBytes(_ type: UInt32, of ssl: OpaquePointer) -> [UInt8] {
    var bytes: UnsafePointer<UInt8>?
    var count = 0
    guard unsafe SSL_client_hello_get0_ext(ssl, type, &bytes, &count) == 1 else { return [] }
    return unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  }

  /// RFC 6066, section 3: a list of (type, length, name); only type 0, host_name, is defined, and contains a DNS name
  /// without trailing dot. Anything else could be a path, an address or a command to the application that receives it.
  static func serverName(in bytes: [UInt8]) -> String? {
    guard bytes.count > 5, Int(bytes[0]) << 8 | Int(bytes[1]) == bytes.count - 2, bytes[2] == 0,
      Int(bytes[3]) << 8 | Int(bytes[4]) == bytes.count - 5
    else { return nil }
    let name = Array(bytes[5...])
    return TLSServerName.fault(in: name) == nil ? String(decoding: name, as: UTF8.self).lowercased() : nil
  }

  /// RFC 7301, section 3.1: a list of length-prefixed names.
  static func protocols(in bytes: [UInt8]) -> [String] {
    guard bytes.count > 2, Int(bytes[0]) << 8 | Int(bytes[1]) == bytes.count - 2 else { return [] }
    var rest = bytes[2...]
    var names: [String] = []
    while let count = rest.popFirst() {
      guard count > 0, rest.count >= Int(count) else { return [] }
      names.append(String(decoding: rest.prefix(Int(count)), as: UTF8.self))
      rest = rest.dropFirst(Int(count))
    }
    return names
  }

  /// RFC 8446, section 4.2.1; without the extension the legacy version is the offer.
  static func versions(in bytes: [UInt8], legacy: UInt16) -> [TLSVersion] {
    guard bytes.count > 1 else { return [TLSVersion(rawValue: legacy)] }
    return numbers(in: Array(bytes.dropFirst())).map(TLSVersion.init(rawValue:))
  }

  /// A list of 16-bit numbers after its length (RFC 8446, sections 4.2.3 and 4.2.7).
  static func list(in bytes: [UInt8]) -> [UInt16] {
    guard bytes.count > 2, Int(bytes[0]) << 8 | Int(bytes[1]) == bytes.count - 2 else { return [] }
    return numbers(in: Array(bytes.dropFirst(2)))
  }

  static func numbers(in bytes: [UInt8]) -> [UInt16] {
    stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
  }

  /// The supported groups (RFC 8422, section 5.1.1) of a ClientHello that is one record.
  ///
  /// - Parameter record: the record, its header included.
  /// - Returns: the groups; `nil` where the extension is absent.
  static func groups(inRecord record: ArraySlice<UInt8>) -> [TLSGroup]? {
    // Headers of record and message, version and random.
    var rest = record.dropFirst(5 + 4 + 2 + 32)
    func field(_ rest: inout ArraySlice<UInt8>, lengthOf bytes: Int) -> ArraySlice<UInt8>? {
      guard rest.count >= bytes else { return nil }
      let length = rest.prefix(bytes).reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(bytes)
      guard rest.count >= length else { return nil }
      defer { rest = rest.dropFirst(length) }
      return rest.prefix(length)
    }
    // Session identifier, suites, compression methods.
    guard field(&rest, lengthOf: 1) != nil, field(&rest, lengthOf: 2) != nil, field(&rest, lengthOf: 1) != nil,
      var extensions = field(&rest, lengthOf: 2)
    else { return nil }
    while extensions.count >= 4 {
      let type = extensions.prefix(2).reduce(0) { $0 << 8 | Int($1) }
      extensions = extensions.dropFirst(2)
      guard var body = field(&extensions, lengthOf: 2) else { return nil }
      if type == Int(TLSEXT_TYPE_supported_groups) {
        return field(&body, lengthOf: 2).map { numbers(in: Array($0)).map(TLSGroup.init(rawValue:)) }
      }
    }
    return nil
  }
}
