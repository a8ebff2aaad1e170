public import SansIOTLS

extension TestIdentity {
  /// A signer with the private key of this identity, for tests of what holds keys elsewhere.
  ///
  /// - Returns: A new signer; two of them are not equal.
  public func signer() -> TLSSigner {
    let key = key
    return TLSSigner { request in try key.sign(request) }
  }

  /// The chain, with a signer instead of the key.
  ///
  /// - Parameter signer: The signer; `nil` for one that signs by the key of this identity.
  /// - Returns: The identity for a ``/SansIOTLS/TLSContext``.
  /// - Throws: ``/SansIOTLS/TLSError`` if libcrypto refuses the certificates.
  public func identity(signer: TLSSigner?) throws(TLSError) -> TLSIdentity {
    var chain: [TLSCertificate] = []
    for der in chainDER { chain.append(try TLSCertificate(der: der)) }
    return try TLSIdentity(certificates: chain, signer: signer ?? self.signer())
  }
}

/// A signature scheme that the key of a ``TestIdentity`` does not have.
struct UnfitScheme: Error, CustomStringConvertible {
  let scheme: TLSSignatureScheme
  let type: TestIdentity.KeyType
  var description: String { "a key of the type \(type) does not sign by \(scheme)" }
}
