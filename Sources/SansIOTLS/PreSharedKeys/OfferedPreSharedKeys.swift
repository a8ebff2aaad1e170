extension TLSEngine.ClientHello {
  /// The identities of pre-shared keys that ``preSharedKeyIdentities`` reads at most. Clients offer one or two.
  static let identityLimit = 64

  /// The identities in the extension pre_shared_key, in the client's order: at most ``identityLimit``, since each of a
  /// hostile client's would be looked up.
  ///
  /// - Parameter bytes: the contents of the extension.
  /// - Returns: nothing if the extension is absent or malformed.
  ///
  /// Corresponds to RFC 8446, section 4.2.11.
  static func preSharedKeyIdentities(in bytes: [UInt8]) -> [[UInt8]] {
    var rest = bytes[...]
    guard var list = field(&rest, lengthOf: 2), var binders = field(&rest, lengthOf: 2), rest.isEmpty else { return [] }
    var identities: [[UInt8]] = []
    var count = 0
    while !list.isEmpty {
      guard let identity = field(&list, lengthOf: 2), !identity.isEmpty, list.count >= 4 else { return [] }
      // The obfuscated age of a ticket.
      list = list.dropFirst(4)
      count += 1
      if count <= identityLimit { identities.append(Array(identity)) }
    }
    while !binders.isEmpty {
      guard let binder = field(&binders, lengthOf: 1), binder.count >= 32 else { return [] }
      count -= 1
    }
    // A binder for each.
    return count == 0 ? identities : []
  }

  private static func field(_ rest: inout ArraySlice<UInt8>, lengthOf bytes: Int) -> ArraySlice<UInt8>? {
    ClientHelloParts.field(&rest, lengthOf: bytes)
  }
}
