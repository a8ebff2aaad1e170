import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 63 to 70 of the second table of the page OpenSSLFacts: staples, CRLs, and what is pinned.
///
/// The pointers are created, used and freed within one function; those of arrays live for one call.
@Suite(.tags(.openSSLFact))
struct RevocationFactTests {
  private static let authority = TestAuthority().issueIntermediate()
  private static let identity = authority.issue(names: ["localhost"], validity: .always)

  /// Row 63. The callback that refuses a staple runs before the client's Finished, which the server never gets.
  @Test(arguments: TLSVersion.both)
  func `a refused staple ends the handshake before Finished, by alert 113`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false, identity: Self.identity) { client, server in
      client.stapling = .requested
      server.identities = [try Self.identity.stapled(.revoked)]
    }
    let failures = pair.outcome()
    #expect(failures.client?.alertSent?.rawValue == 113)
    #expect(pair.server.negotiated == nil)
    #expect(failures.server?.alertReceived?.rawValue == 113)
  }

  /// Row 64. A server is asked once for each full handshake with a client that asks, and never in a resumption.
  @Test(arguments: TLSVersion.both)
  func `a staple is asked for in full handshakes with clients that ask`(version: TLSVersion) throws {
    for (stapling, calls) in [(TLSStapling.off, 0), (.requested, 1)] {
      let peer = StaplingPeer(Self.identity, staple: Self.identity.staple(), version: version)
      #expect(try peer.failure(of: Self.identity.trust, stapling: stapling) == nil)
      #expect(peer.callCount == calls)
    }
    var (client, server) = try EnginePair.configurations(version: version, identity: Self.identity)
    client.stapling = .requested
    server.identities = [try Self.identity.stapled()]
    let ends = (client: try TLSContext(client), server: try TLSContext(server))
    var first = try EnginePair(client: ends.client, server: ends.server)
    try first.handshake()
    try first.settle()
    #expect(first.client.peerStaple != nil)
    let session = first.client.allSessions().last
    var second = try EnginePair(client: ends.client, server: ends.server, session: session)
    try second.handshake()
    #expect(second.client.negotiated?.isResumed == true)
    #expect(second.client.peerStaple == nil)
  }

  /// Row 65. A staple of the past is good at its time for the engine, and not for OCSP_check_validity.
  @Test func `libcrypto's check of a staple's dates knows the clock alone`() throws {
    let time: Int64 = 1_700_000_000
    let staple = Self.identity.staple(at: time)
    let isValidNow = unsafe staple.withUnsafeBufferPointer { bytes -> Bool in
      var cursor = bytes.baseAddress
      let response = unsafe d2i_OCSP_RESPONSE(nil, &cursor, bytes.count)
      defer { unsafe OCSP_RESPONSE_free(response) }
      let basic = unsafe OCSP_response_get1_basic(response)
      defer { unsafe OCSP_BASICRESP_free(basic) }
      var thisUpdate: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
      var nextUpdate: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
      unsafe OCSP_single_get0_status(OCSP_resp_get0(basic, 0), nil, nil, &thisUpdate, &nextUpdate)
      return unsafe OCSP_check_validity(thisUpdate, nextUpdate, 300, -1) == 1
    }
    ERR_clear_error()
    #expect(!isValidNow)
    let failures = try EnginePair.failures(identity: Self.identity) { client, server in
      client.stapling = .required
      client.verificationTime = time
      server.identities = [try Self.identity.stapled(at: time)]
    }
    #expect(failures.client == nil)
  }

  /// Row 66. libssl completes the handshake that the engine refuses.
  @Test(arguments: TLSVersion.both)
  func `libssl does not look at must-staple`(version: TLSVersion) throws {
    let identity = Self.authority.issue(.mustStaple)
    let peer = StaplingPeer(identity, staple: [], version: version)
    // With staples off the engine is as libssl.
    #expect(try peer.failure(of: identity.trust, stapling: .off) == nil)
    let other = StaplingPeer(identity, staple: [], version: version)
    #expect(try other.failure(of: identity.trust, stapling: .requested)?.code == .stapleMissing)
  }

  /// Row 68. The alerts are libssl's choice.
  @Test func `libssl chooses the alerts of CRLs`() throws {
    let past = TestIdentity.Validity(notBefore: 1_500_000_000, notAfter: 1_600_000_000)
    for (list, alert) in [
      (try Self.authority.revocationList(revoking: [Self.identity]), 44),
      (try Self.authority.revocationList(validity: past), 45), (try TestAuthority(name: "B").revocationList(), 48),
    ] {
      let failures = try EnginePair.failures(identity: Self.identity) { client, _ in client.revocation = .leaf([list]) }
      #expect(failures.client?.alertSent?.rawValue == UInt8(alert))
    }
  }

  /// Row 69. A session has the chain as sent; of a client's, a server's ticket has the leaf alone.
  @Test(arguments: TLSVersion.both)
  func `a server's ticket has the client's leaf alone`(version: TLSVersion) throws {
    let client = Self.authority.issue(subject: "Alice", usage: .client)
    var configurations = try EnginePair.configurations(version: version, identity: Self.identity)
    try EnginePair.authenticateClient(&configurations.client, &configurations.server, client)
    let ends = (client: try TLSContext(configurations.client), server: try TLSContext(configurations.server))
    var first = try EnginePair(client: ends.client, server: ends.server)
    try first.handshake()
    try first.settle()
    #expect(first.server.peerCertificates.count == 2)
    let session = first.client.allSessions().last
    var second = try EnginePair(client: ends.client, server: ends.server, session: session)
    try second.handshake()
    #expect(second.server.negotiated?.isResumed == true)
    #expect(second.server.peerCertificates.count == 1)
    #expect(second.client.peerCertificates.count == 2)
  }

  /// Row 70.
  @Test func `X509_pubkey_digest is not a pin`() throws {
    let der = Self.identity.certificateDER
    var digest = [UInt8](repeating: 0, count: 32)
    unsafe der.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      let certificate = unsafe d2i_X509(nil, &cursor, bytes.count)
      defer { unsafe X509_free(certificate) }
      unsafe X509_pubkey_digest(certificate, EVP_sha256(), &digest, nil)
    }
    #expect(TLSPublicKeyPin(of: try Self.identity.certificate).sha256 != digest)
  }
}
