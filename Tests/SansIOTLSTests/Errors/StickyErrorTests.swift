import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 6. The first fatal error is stored with all that is known of it, and every later call throws the same value.
@Suite(.tags(.law6))
struct StickyErrorTests {
  /// The error of each call, in words.
  private func words(of engine: inout TLSEngine) -> [String] {
    [
      thrownError { _ = try engine.feed([1]) },
      thrownError { _ = try engine.handshake() },
      thrownError { _ = try engine.read(upTo: 10) },
      thrownError { _ = try engine.write([1]) },
      thrownError { _ = try engine.write([UInt8]()) },
      thrownError { _ = try engine.keyUpdate(requestingPeer: true) },
      thrownError { try engine.answer(.serve) },
      thrownError { try engine.answer(.followVerification) },
      thrownError { _ = try engine.closeWriting() },
    ].map { $0.map(\.description) ?? "nothing" }
  }

  @Test(arguments: TLSVersion.both, Breakage.allCases)
  func `every call throws the first error again on both sides`(version: TLSVersion, breakage: Breakage) throws {
    var pair = try breakage.pair(version)
    let side = breakage.expectation(version).side
    let first = pair[side].failure.map(\.description) ?? "nothing"
    #expect(first != "nothing")
    for _ in 0..<2 { #expect(words(of: &pair[side]).allSatisfy { $0 == first }) }
    pair[side].feedEOF()
    let last = pair[side].drain()
    #expect(words(of: &pair[side]).allSatisfy { $0 == first })
    #expect(pair[side].drain().isEmpty)
    _ = try? pair[side.peer].absorb(last)
    let peersFirst = pair[side.peer].failure.map(\.description) ?? "nothing"
    #expect(peersFirst != "nothing")
    _ = pair[side.peer].drain()
    pair[side.peer].feedEOF()
    for _ in 0..<2 { #expect(words(of: &pair[side.peer]).allSatisfy { $0 == peersFirst }) }
    // Neither an answer to the alert nor a close_notify.
    #expect(pair[side.peer].drain().isEmpty)
    #expect(pair[side.peer].needs == [])
  }

  @Test(arguments: TLSVersion.both, Breakage.allCases)
  func `the error contains libssl's entire queue and the alert`(version: TLSVersion, breakage: Breakage) throws {
    let pair = try breakage.pair(version)
    let expected = breakage.expectation(version)
    let failure = try #require(expected.side == .client ? pair.client.failure : pair.server.failure)
    #expect(!failure.openSSLErrors.isEmpty)
    #expect(failure.openSSLErrors.allSatisfy { $0.code != 0 && !$0.reason.isEmpty })
    #expect(failure.description.contains(try #require(failure.openSSLErrors.last).reason))
    #expect(failure.alertSent == expected.alert)
    #expect(failure.alertReceived == nil)
    #expect((failure.verification != nil) == breakage.isCertificateCheck)
  }

  enum Damage: CaseIterable {
    /// The signature is two numbers still, but of other bytes.
    case lastByte
    /// The signature's own outermost tag is another.
    case tag
  }

  /// libcrypto's entries on the signature precede libssl's on the certificate, and only libssl's state the meaning.
  @Test(arguments: TLSVersion.both, Damage.allCases)
  func `an invalid signature is a rejected certificate although libcrypto reported it first`(
    version: TLSVersion, damage: Damage
  ) throws {
    let identity = TestIdentity.server()
    var leaf = identity.certificateDER
    // The certificate ends with a BIT STRING of whole octets, a sequence of two numbers.
    let signature = try #require(
      leaf.indices.suffix(80).first { leaf[$0...].starts(with: [3, UInt8(leaf.count - $0 - 2), 0, 0x30]) })
    switch damage {
    case .lastByte: leaf[leaf.count - 1] ^= 1
    case .tag: leaf[signature + 3] = 0x31
    }
    var pair = try EnginePair.connected(version, handshake: false, identity: identity) { _, server in
      server.identities = [try TLSIdentity(derChain: [leaf], privateKey: identity.privateKeyDER)]
    }
    let error = try #require(thrownError { try pair.handshake() })
    #expect(error.code == .certificateRejected)
    #expect(error.blame == .peer)
    #expect(error.verification?.code == 7)
    #expect(error.openSSLErrors.count > 1)
    #expect(error.openSSLErrors.last?.library == "SSL routines")
    #expect(error.openSSLErrors.last?.function.isEmpty == false)
    #expect(error.openSSLErrors.last?.reason == "certificate verify failed")
    #expect(error.openSSLErrors.dropLast().allSatisfy { $0.library != "SSL routines" })
    #expect(error.description.hasSuffix(error.openSSLErrors.map(\.description).joined(separator: " | ")))
  }

  @Test(arguments: TLSVersion.both)
  func `a rejected server certificate is reported with reason, depth and subject`(version: TLSVersion) throws {
    let cases: [(TestIdentity.Defect, Int)] = [
      (.expired, 10), (.notYetValid, 9), (.wrongName, 62), (.selfSigned, 18), (.unknownIssuer, 20),
      (.wrongUsage, 26), (.missingIntermediate, 20), (.corruptedSignature, 7),
    ]
    for (defect, code) in cases {
      let identity = TestIdentity.server(defect: defect)
      var pair = try EnginePair.connected(version, handshake: false, identity: identity)
      let error = thrownError { try pair.handshake() }
      #expect(error?.code == .certificateRejected, "\(defect)")
      #expect(error?.blame == .peer)
      let check = try #require(error?.verification)
      #expect(check.code == code, "\(defect): \(check)")
      #expect(check.depth == 0)
      #expect(check.subject == (try identity.certificate.subject.description))
      #expect(!check.isAccepted)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a rejected client certificate is reported by the server in the same way`(version: TLSVersion) throws {
    for (defect, code) in [(TestIdentity.Defect.expired, 10), (.wrongUsage, 26), (.unknownIssuer, 20)] {
      let identity = TestIdentity.client("Mallory", defect: defect)
      var pair = try EnginePair.connected(version, handshake: false) { client, server in
        try EnginePair.authenticateClient(&client, &server, identity)
      }
      _ = thrownError {
        try pair.handshake()
        while pair.step() {}
        _ = try pair.server.readAll()
      }
      let check = try #require(pair.server.failure?.verification)
      #expect(check.code == code, "\(defect): \(check)")
      #expect(check.subject == "CN=Mallory")
    }
  }
}
