/// What a certificate shall say; `signed` turns it into an X.509 version 3 certificate (RFC 5280).
struct CertificateTemplate {
  /// Whether a certificate may issue others, or which side of a connection it proves.
  enum Role {
    case authority(pathLength: Int?)
    case leaf(purposes: [Purpose], names: [String], addresses: [String])
  }

  /// An extended key usage, by the last arc of its object identifier.
  enum Purpose: Int {
    case server = 1
    case client = 2
    case codeSigning = 3
  }

  var subject: String
  var validity: TestIdentity.Validity
  var role: Role

  /// The certificate for `key`, issued by another or, with a nil `issuer`, by itself.
  ///
  /// - Returns: a new array with the certificate in DER.
  func signed(for key: MintedKey, by issuer: (name: String, key: MintedKey)?) -> [UInt8] {
    let signer = issuer?.key ?? key
    let body = DER.sequence([
      DER.explicit(0, DER.integer(2)),  // version 3
      DER.integer(Minting.serialNumber(signer.library)),
      Self.signatureAlgorithm(signer.type),
      Self.name(issuer?.name ?? subject),
      DER.sequence([Minting.time(validity.notBefore), Minting.time(validity.notAfter)]),
      Self.name(subject),
      key.publicKeyInfo,
      DER.explicit(3, DER.sequence(extensions(key, issuedBy: issuer?.key))),
    ])
    return DER.sequence([body, Self.signatureAlgorithm(signer.type), DER.bitString(signer.signature(of: body))])
  }

  private func extensions(_ key: MintedKey, issuedBy issuer: MintedKey?) -> [[UInt8]] {
    var extensions = [Self.certificateExtension(14, DER.octetString(key.identifier))]
    if let issuer {
      extensions.append(Self.certificateExtension(35, DER.sequence([DER.implicit(0, issuer.identifier)])))
    }
    switch role {
    case .authority(let pathLength):
      let constraints = [DER.yes] + (pathLength.map { [DER.integer(UInt64($0))] } ?? [])
      extensions.append(Self.certificateExtension(19, critical: true, DER.sequence(constraints)))
      extensions.append(Self.certificateExtension(15, critical: true, DER.namedBits(0x06)))  // keyCertSign, cRLSign

    case .leaf(let purposes, let names, let addresses):
      // digitalSignature, and for RSA keyEncipherment: the key exchange of the oldest cipher suites.
      let usages: UInt8 = if case .rsa = key.type { 0xa0 } else { 0x80 }
      extensions.append(Self.certificateExtension(19, critical: true, DER.sequence([])))
      extensions.append(Self.certificateExtension(15, critical: true, DER.namedBits(usages)))
      let identifiers = purposes.map { DER.objectIdentifier([1, 3, 6, 1, 5, 5, 7, 3, $0.rawValue]) }
      extensions.append(Self.certificateExtension(37, DER.sequence(identifiers)))
      let alternatives =
        names.map { DER.implicit(2, Array($0.utf8)) } + addresses.map { DER.implicit(7, Minting.address($0)) }
      if !alternatives.isEmpty {
        extensions.append(Self.certificateExtension(17, DER.sequence(alternatives)))
      }
    }
    return extensions
  }

  /// An extension by the last arc of its object identifier under id-ce, 2.5.29.
  private static func certificateExtension(_ arc: Int, critical: Bool = false, _ value: [UInt8]) -> [UInt8] {
    DER.sequence([DER.objectIdentifier([2, 5, 29, arc])] + (critical ? [DER.yes] : []) + [DER.octetString(value)])
  }

  /// A distinguished name of one common name.
  private static func name(_ commonName: String) -> [UInt8] {
    DER.sequence([DER.set([DER.sequence([DER.objectIdentifier([2, 5, 4, 3]), DER.utf8String(commonName)])])])
  }

  private static func signatureAlgorithm(_ type: TestIdentity.KeyType) -> [UInt8] {
    switch type {
    case .p256: DER.sequence([DER.objectIdentifier([1, 2, 840, 10045, 4, 3, 2])])
    case .p384: DER.sequence([DER.objectIdentifier([1, 2, 840, 10045, 4, 3, 3])])
    case .ed25519: DER.sequence([DER.objectIdentifier([1, 3, 101, 112])])
    case .rsa: DER.sequence([DER.objectIdentifier([1, 2, 840, 113549, 1, 1, 11]), DER.null])
    }
  }
}
