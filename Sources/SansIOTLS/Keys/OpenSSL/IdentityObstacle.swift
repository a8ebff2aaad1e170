internal import CSansIOTLSOpenSSL

/// A reason that an identity cannot be used in a version of TLS.
struct IdentityObstacle {
  let reason: String
  /// The curve of the key is the obstacle, and not the kind of key.
  let isCurve: Bool

  /// In TLS 1.3 a signature scheme names its curve, and there is none for DSA (RFC 8446, section 4.2.3; RFC 8734 for
  /// Brainpool's, which libssl has from 3.2 on).
  static func inTLS13(to key: PrivateKey, in library: TLSLibraryContext) -> IdentityObstacle? {
    if key.isDSA { return IdentityObstacle(reason: "TLS 1.3 has no signatures by DSA keys", isCurve: false) }
    guard let curve = key.curve, !["prime256v1", "secp384r1", "secp521r1"].contains(curve),
      DeclaredNames.groups(in: library).value(of: curve + "tls13") == nil
    else { return nil }
    return IdentityObstacle(reason: "this libssl has no signatures on its curve \(curve) in TLS 1.3", isCurve: true)
  }
}

extension PrivateKey {
  var isRSA: Bool { unsafe EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA }
  var isDSA: Bool { unsafe EVP_PKEY_get_base_id(pkey) == EVP_PKEY_DSA }

  /// The name of an ECDSA key's curve; `nil` for other keys, and for a curve without a name.
  var curve: String? {
    guard unsafe EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC else { return nil }
    defer { ErrorQueue.clear() }
    var name = [CChar](repeating: 0, count: 64)
    var count = 0
    guard unsafe EVP_PKEY_get_group_name(pkey, &name, name.count, &count) == 1 else { return nil }
    return String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
