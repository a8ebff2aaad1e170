internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// A client's question about the identity that it presents.
extension SSLHandle {
  var askedCertificateRequest: TLSEngine.CertificateRequest? {
    if case .asked(let request) = questions?.certificateRequest { request } else { nil }
  }

  /// Replaces the identities of this connection by one. What is refused changes nothing.
  func present(_ identity: TLSIdentity) throws(TLSError) {
    ErrorQueue.clear()
    let subject = identity.chain[0].subject.description
    guard unsafe X509_check_private_key(identity.chain[0].reference.x509, identity.key.pkey) == 1 else {
      throw TLSError(
        .keyDoesNotMatchCertificate, .misuse,
        hint: "the private key does not belong to the certificate of \(subject)", openSSLErrors: ErrorQueue.take())
    }
    if let obstacle = unsafe CertificateFitness.obstacle(to: identity.key, on: ssl) {
      throw TLSError(
        .unsuitableIdentity, .misuse, hint: "the certificate of \(subject) cannot be presented: \(obstacle)")
    }
    // libssl clears what it has before it looks at what it is given.
    let trial = unsafe SSL_new(SSL_get_SSL_CTX(ssl))
    defer { unsafe SSL_free(trial) }
    guard unsafe Self.use(identity, on: trial) else {
      throw TLSError(
        .identityRefused, .local,
        hint: "libssl rejects the certificate or key of \(subject); the security level may require a stronger one",
        openSSLErrors: ErrorQueue.take())
    }
    unsafe SSL_certs_clear(ssl)
    _ = unsafe Self.use(identity, on: ssl)
    questions?.hasReplacedIdentities = true
    questions?.certificateRequest = .answered(.accept)
  }

  func presentNothing() {
    unsafe SSL_certs_clear(ssl)
    questions?.hasReplacedIdentities = true
    questions?.certificateRequest = .answered(.accept)
  }

  /// - Parameter context: has the identities, which an earlier answer may have replaced on this connection.
  func presentConfigured(by context: TLSContext) throws(TLSError) {
    if questions?.hasReplacedIdentities == true {
      unsafe SSL_certs_clear(ssl)
      for identity in context.configuration.identities {
        _ = unsafe Self.use(try context.handle.adapted(identity), on: ssl)
      }
      questions?.hasReplacedIdentities = false
    }
    questions?.certificateRequest = .answered(.proceed)
  }

  /// Corresponds to `SSL_use_cert_and_key(3)`.
  static func use(_ identity: TLSIdentity, on ssl: OpaquePointer?) -> Bool {
    let rest = unsafe sitls_x509_stack()
    defer { unsafe sitls_x509_stack_free(rest) }
    for certificate in identity.chain.dropFirst() { unsafe sitls_x509_push(rest, certificate.reference.x509) }
    return unsafe SSL_use_cert_and_key(ssl, identity.chain[0].reference.x509, identity.key.pkey, rest, 1) == 1
  }
}

extension TLSEngine.CertificateRequest {
  /// Valid while libssl waits for the client's certificate.
  init(of ssl: OpaquePointer, serverCertificates: [TLSCertificate], isPostHandshake: Bool) {
    let authorities = unsafe (0..<sitls_peer_authority_count(ssl)).map { index in
      unsafe TLSDistinguishedName(of: sitls_peer_authority(ssl, index))
    }
    var types: UnsafePointer<UInt8>?
    let typeCount = unsafe sitls_certificate_types(ssl, &types)
    let requested = unsafe Array(UnsafeBufferPointer(start: types, count: max(Int(typeCount), 0)))
    unsafe self.init(
      authorities: authorities, signatureSchemes: CertificateFitness.peerSchemes(of: ssl),
      certificateTypes: requested.map(CertificateType.init(rawValue:)), serverCertificates: serverCertificates,
      isPostHandshake: isPostHandshake)
  }
}

/// Whether a key can sign what a peer requests.
enum CertificateFitness {
  /// The schemes that the peer verifies. Corresponds to `SSL_get_sigalgs(3)`.
  static func peerSchemes(of ssl: OpaquePointer) -> [TLSSignatureScheme] {
    schemes { index, signature, hash in
      unsafe SSL_get_sigalgs(ssl, index, nil, nil, nil, &signature, &hash)
    }
  }

  /// The schemes that both sides have. Corresponds to `SSL_get_shared_sigalgs(3)`.
  private static func sharedSchemes(of ssl: OpaquePointer) -> [TLSSignatureScheme] {
    schemes { index, signature, hash in
      unsafe SSL_get_shared_sigalgs(ssl, index, nil, nil, nil, &signature, &hash)
    }
  }

  private static func schemes(_ scheme: (Int32, inout UInt8, inout UInt8) -> Int32) -> [TLSSignatureScheme] {
    var schemes: [TLSSignatureScheme] = []
    var index: Int32 = 0
    while true {
      var signature: UInt8 = 0
      var hash: UInt8 = 0
      if scheme(index, &signature, &hash) <= index { return schemes }
      schemes.append(TLSSignatureScheme(rawValue: UInt16(hash) << 8 | UInt16(signature)))
      index += 1
    }
  }

  /// The reason that a key cannot sign for a client, in words; `nil` if it can.
  static func obstacle(to key: PrivateKey, on ssl: OpaquePointer) -> String? {
    let isTLS13 = unsafe SSL_version(ssl) >= TLS1_3_VERSION
    let shared = unsafe sharedSchemes(of: ssl)
    if !shared.contains(where: { $0.isFor(key, isTLS13: isTLS13) }) {
      return "its key has none of the signature schemes that both sides have "
        + "(\(shared.map(\.description).joined(separator: ", ")))"
    }
    var types: UnsafePointer<UInt8>?
    let count = unsafe sitls_certificate_types(ssl, &types)
    let requested = unsafe UnsafeBufferPointer(start: types, count: max(Int(count), 0))
    // TLS 1.3 has no types.
    if !isTLS13, let type = unsafe Callbacks.certificateType(of: key.pkey), unsafe !requested.contains(type) {
      return "the server requests no certificates of its type"
    }
    return nil
  }
}

extension TLSSignatureScheme {
  /// Whether a key signs by this scheme. Of keys that are not in the table, libssl decides later.
  fileprivate func isFor(_ key: PrivateKey, isTLS13: Bool) -> Bool {
    switch unsafe EVP_PKEY_get_base_id(key.pkey) {
    case EVP_PKEY_RSA:
      [.rsa_pss_rsae_sha256, .rsa_pss_rsae_sha384, .rsa_pss_rsae_sha512].contains(self)
        || !isTLS13 && rawValue & 0xff == 1
    case EVP_PKEY_RSA_PSS: [.rsa_pss_pss_sha256, .rsa_pss_pss_sha384, .rsa_pss_pss_sha512].contains(self)
    case EVP_PKEY_EC where isTLS13:
      switch key.curve {
      case "prime256v1": self == .ecdsa_secp256r1_sha256
      case "secp384r1": self == .ecdsa_secp384r1_sha384
      case "secp521r1": self == .ecdsa_secp521r1_sha512
      default: true
      }
    case EVP_PKEY_EC: rawValue & 0xff == 3
    case EVP_PKEY_DSA: !isTLS13 && rawValue & 0xff == 2
    case EVP_PKEY_ED25519: self == .ed25519
    case EVP_PKEY_ED448: self == .ed448
    default: true
    }
  }
}
