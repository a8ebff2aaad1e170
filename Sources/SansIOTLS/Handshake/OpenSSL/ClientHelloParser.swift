internal import CSansIOTLSOpenSSL

/// Reads fields of a ClientHello, whose size libssl limits. The contents of extensions are checked here, and malformed
/// ones count as absent (libssl refuses them later with the right alert).
extension TLSEngine.ClientHello {
  /// The offer in a ClientHello in the form of SSL 2 (RFC 5246, appendix E.2), which has no extensions.
  ///
  /// Valid only inside the ClientHello callback, where the bytes live.
  init(ofSSL2Form ssl: OpaquePointer) {
    var bytes: UnsafePointer<UInt8>?
    let count = unsafe SSL_client_hello_get0_ciphers(ssl, &bytes)
    let suites = unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: count))
    // Three bytes each; a first byte other than zero is a suite of SSL 2 itself.
    let numbers = stride(from: 0, to: suites.count - 2, by: 3).filter { suites[$0] == 0 }.map {
      UInt16(suites[$0 + 1]) << 8 | UInt16(suites[$0 + 2])
    }
    self.init(
      serverName: nil,
      versions: [TLSVersion(rawValue: UInt16(truncatingIfNeeded: unsafe SSL_client_hello_get0_legacy_version(ssl)))],
      cipherSuites: numbers.map(TLSCipherSuite.init(rawValue:)))
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
    /// Whether the client names a server, be the name valid or not.
    var namesServer: Bool { !serverNames.isEmpty }
  }

  static func extensionBytes(_ type: UInt32, of ssl: OpaquePointer) -> [UInt8] {
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
  /// - Parameter output: the record, its header included, and what follows it.
  /// - Returns: the groups; `nil` where the extension is absent.
  static func groups(inRecord output: ArraySlice<UInt8>) -> [TLSGroup]? {
    let size = output.dropFirst(3).prefix(2).reduce(0) { $0 << 8 | Int($1) }
    let extensions = ClientHelloParts(output.dropFirst(5).prefix(size))?.extensions
    return extensions?.first { $0.type == UInt16(TLSEXT_TYPE_supported_groups) }.map {
      list(in: Array($0.contents)).map(TLSGroup.init(rawValue:))
    }
  }
}
