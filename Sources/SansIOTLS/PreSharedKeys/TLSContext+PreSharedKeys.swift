extension TLSContext.Configuration {
  /// Throws at the mistakes about pre-shared keys that are found without libssl.
  func validatePreSharedKeys() throws(TLSError) {
    func refuse(_ code: TLSError.Code, _ hint: String) -> TLSError { TLSError(code, .misuse, hint: hint) }
    if acceptsCertificateWithoutPreSharedKey, role == .server || preSharedKeys.isEmpty {
      throw refuse(
        .invalidConfiguration,
        "acceptsCertificateWithoutPreSharedKey is a setting of a client with a pre-shared key")
    }
    if preSharedKeys.isEmpty { return }
    if role == .client, preSharedKeys.count > 1 {
      throw refuse(
        .invalidPreSharedKey,
        "a client has \(preSharedKeys.count) pre-shared keys, and libssl offers one; choose the server's")
    }
    var identities: Set<[UInt8]> = []
    for key in preSharedKeys where !identities.insert(key.identity).inserted {
      throw refuse(.invalidPreSharedKey, "\(key) has the identity of another pre-shared key; a server has one of each")
    }
    let isOfChains = !pinnedKeys.isEmpty || revocation != nil || stapling != .off || pausesAtPeerCertificates
    if demandsPreSharedKey, isOfChains || !acceptedPublicKeys.isEmpty {
      throw refuse(
        .invalidConfiguration,
        "pinnedKeys, revocation, stapling, pausesAtPeerCertificates and acceptedPublicKeys concern a server's "
          + "certificate or key, and a server with the pre-shared key shows none; set "
          + "acceptsCertificateWithoutPreSharedKey, or remove them")
    }
  }
}
