extension TLSContext.Configuration {
  /// Throws at the mistakes that are found without libssl.
  func validate() throws(TLSError) {
    func refuse(_ code: TLSError.Code, _ hint: String) -> TLSError { TLSError(code, .misuse, hint: hint) }
    for version in [minimumVersion, maximumVersion] {
      if let version, version != .tls12, version != .tls13 {
        throw refuse(.invalidVersionRange, "\(version) is not offered; choose TLS 1.2 or TLS 1.3")
      }
    }
    if let minimumVersion, let maximumVersion, minimumVersion > maximumVersion {
      throw refuse(.invalidVersionRange, "minimum \(minimumVersion) is over maximum \(maximumVersion)")
    }
    if applicationProtocols.contains(where: { !(1...255).contains($0.utf8.count) })
      || applicationProtocols.reduce(0, { $0 + 1 + $1.utf8.count }) > 65_535
    {
      throw refuse(
        .invalidApplicationProtocol, "an application protocol has 1 to 255 bytes, and all of them 65,535 at most")
    }
    try validatePreSharedKeys()
    if role == .server, identities.isEmpty, preSharedKeys.isEmpty, !pausesAtClientHello {
      throw refuse(
        .missingIdentity, "a server needs an identity: a certificate chain and its private key, or pre-shared keys")
    }
    if !acceptedPublicKeys.isEmpty, !verifiesPeer {
      throw refuse(
        .invalidConfiguration, "acceptedPublicKeys has no effect: peers are not verified, or clients are not asked")
    }
    if !acceptedPublicKeys.isEmpty, pausesAtPeerCertificates {
      throw refuse(
        .invalidConfiguration,
        "a raw public key is accepted if it is among acceptedPublicKeys; pausesAtPeerCertificates asks about "
          + "certificates alone: choose one of the two")
    }
    if presentsRawPublicKey, identities.isEmpty {
      throw refuse(.missingIdentity, "presentsRawPublicKey needs an identity, whose key is presented")
    }
    if verifiesPeer, trustRoots.isEmpty, acceptedPublicKeys.isEmpty {
      throw refuse(
        .missingTrustRoots, "peers are to be verified and there are no trust roots; add .system or certificates")
    }
    if peerVerification == .none, !pinnedKeys.isEmpty || revocation != nil || stapling != .off {
      throw refuse(
        .invalidConfiguration,
        "pinnedKeys, revocation and stapling are checked with the peer's chain, and peerVerification is .none")
    }
    if !acceptedPublicKeys.isEmpty, !pinnedKeys.isEmpty || revocation != nil || stapling != .off {
      throw refuse(
        .invalidConfiguration,
        "pinnedKeys, revocation and stapling concern certificates, which a peer with one of acceptedPublicKeys need not "
          + "present")
    }
    if stapling != .off, role == .server {
      throw refuse(
        .invalidConfiguration, "stapling is a client's; a server sends the staple of an identity's stapleHolder")
    }
    if collectsCertificateTimestamps, stapling == .off {
      throw refuse(
        .invalidConfiguration, "collectsCertificateTimestamps asks for a staple too; set stapling to .requested")
    }
    if revocation?.lists.isEmpty == true {
      throw refuse(.invalidRevocationList, "the list of CRLs is empty; remove it or add CRLs")
    }
    if role == .client, identities.contains(where: { $0.stapleHolder != nil }) {
      throw refuse(.invalidConfiguration, "a client sends no OCSP staple; remove its identity's stapleHolder")
    }
    if let securityLevel, !(0...5).contains(securityLevel) {
      throw refuse(.invalidConfiguration, "security level \(securityLevel) does not exist; choose 0 to 5")
    }
    if let verificationDepth, !(0...100).contains(verificationDepth) {
      throw refuse(.invalidConfiguration, "verification depth \(verificationDepth) is out of range; choose 0 to 100")
    }
    if let verificationTime, !VerificationClock.times.contains(verificationTime) {
      throw refuse(
        .invalidConfiguration,
        "verificationTime is \(verificationTime); choose seconds since 1970 in the years 1900 to 9999")
    }
    if let defect = resumption.defect { throw refuse(.invalidConfiguration, defect) }
    if resumption.place == .applicationStore, !pausesAtClientHello {
      throw refuse(
        .invalidConfiguration,
        "a store of the application is asked at the ClientHello; set pausesAtClientHello, or choose another resumption")
    }
    if let sessionDomain, !(1...255).contains(sessionDomain.utf8.count) {
      throw refuse(.invalidConfiguration, "sessionDomain has \(sessionDomain.utf8.count) bytes; choose 1 to 255")
    }
    try validateEarlyData()
    if pausesAtClientHello, role == .client {
      throw refuse(.invalidConfiguration, "pausesAtClientHello is a server's; a client sends the ClientHello")
    }
    if serverNameMismatch == .refuse, role == .client {
      throw refuse(.invalidConfiguration, "serverNameMismatch is a server's; a client checks the server's certificate")
    }
    if pausesAtCertificateRequest, role == .server {
      throw refuse(.invalidConfiguration, "pausesAtCertificateRequest is a client's; a server requests certificates")
    }
    if let defect = records.defect { throw refuse(.invalidConfiguration, defect) }
    if records.requestedByteCount != nil, role == .server {
      throw refuse(.invalidConfiguration, "records.requestedByteCount is a client's; a server follows its client's")
    }
    if records.paddingByteCount != nil, maximumVersion == .tls12 {
      throw refuse(.invalidConfiguration, "records.paddingByteCount needs TLS 1.3, and maximumVersion is TLS 1.2")
    }
    if acceptsRenegotiation {
      if role == .client {
        throw refuse(.invalidConfiguration, "acceptsRenegotiation is a server's; a client declines to renegotiate")
      }
      if minimumVersion == .tls13 {
        throw refuse(
          .invalidConfiguration,
          "acceptsRenegotiation has no effect: minimumVersion is TLS 1.3, which does not renegotiate")
      }
      if pausesAtPeerCertificates {
        throw refuse(
          .invalidConfiguration,
          "acceptsRenegotiation and pausesAtPeerCertificates exclude each other: a renegotiation brings another "
            + "certificate, and is not asked about")
      }
    }
    if offersPostHandshakeAuthentication, role == .server {
      throw refuse(
        .invalidConfiguration,
        "offersPostHandshakeAuthentication is a client's; a server requests by requestClientCertificate()")
    }
    if offersPostHandshakeAuthentication, maximumVersion == .tls12 {
      throw refuse(
        .invalidConfiguration, "offersPostHandshakeAuthentication needs TLS 1.3, and maximumVersion is TLS 1.2")
    }
    if role == .server, clientAuthentication == .onRequest, maximumVersion == .tls12 {
      throw refuse(
        .invalidConfiguration, "clientAuthentication .onRequest needs TLS 1.3, and maximumVersion is TLS 1.2")
    }
    if pausesAtPeerCertificates, role == .server, clientAuthentication == .none {
      throw refuse(
        .invalidConfiguration,
        "pausesAtPeerCertificates has nothing to ask about: the server requests no certificates; set "
          + "clientAuthentication")
    }
  }
}
