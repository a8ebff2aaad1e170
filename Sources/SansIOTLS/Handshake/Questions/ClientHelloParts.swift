/// The parts of a ClientHello message, as slices of it.
///
/// Corresponds to RFC 8446, section 4.1.2.
struct ClientHelloParts {
  let legacyVersion: UInt16
  let sessionIdentifier: ArraySlice<UInt8>
  let cipherSuites: ArraySlice<UInt8>
  let compressionMethods: ArraySlice<UInt8>
  let extensions: [TLSEngine.ClientHello.Extension]

  /// Divides a message.
  ///
  /// - Parameter message: type, length and body.
  /// - Returns: `nil` if it is no ClientHello, not whole, or something follows it.
  init?(_ message: ArraySlice<UInt8>) {
    var rest = message
    // client_hello.
    guard rest.popFirst() == 1, var body = Self.field(&rest, lengthOf: 3), rest.isEmpty, body.count >= 34 else {
      return nil
    }
    legacyVersion = Self.number(body)
    // Version and random.
    body = body.dropFirst(34)
    guard let identifier = Self.field(&body, lengthOf: 1), let suites = Self.field(&body, lengthOf: 2),
      let methods = Self.field(&body, lengthOf: 1)
    else { return nil }
    sessionIdentifier = identifier
    cipherSuites = suites
    compressionMethods = methods
    var extensions: [TLSEngine.ClientHello.Extension] = []
    if !body.isEmpty {
      guard var list = Self.field(&body, lengthOf: 2), body.isEmpty else { return nil }
      while !list.isEmpty {
        guard list.count >= 4 else { return nil }
        let type = Self.number(list)
        list = list.dropFirst(2)
        guard let contents = Self.field(&list, lengthOf: 2) else { return nil }
        extensions.append(TLSEngine.ClientHello.Extension(type: type, contents: contents))
      }
    }
    self.extensions = extensions
  }

  /// The contents of the first extension of a type; empty if there is none.
  func contents(of type: UInt16) -> [UInt8] { Array(extensions.first { $0.type == type }?.contents ?? []) }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    bytes.prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
  }

  /// Removes a field that follows its length from the front.
  static func field(_ rest: inout ArraySlice<UInt8>, lengthOf bytes: Int) -> ArraySlice<UInt8>? {
    guard rest.count >= bytes else { return nil }
    let length = rest.prefix(bytes).reduce(0) { $0 << 8 | Int($1) }
    guard rest.count - bytes >= length else { return nil }
    defer { rest = rest.dropFirst(bytes + length) }
    return rest.dropFirst(bytes).prefix(length)
  }
}
