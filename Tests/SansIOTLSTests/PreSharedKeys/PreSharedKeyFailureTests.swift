import Testing

@testable import SansIOTLS

/// The errors of handshakes with pre-shared keys, as a table without libssl.
@Suite(.tags(.law6))
struct PreSharedKeyFailureTests {
  typealias Failure = PreSharedKeyFailure

  private func code(
    _ role: TLSRole, _ report: Failure.Report = .other, alert: TLSAlert? = nil, change: (inout Failure) -> Void
  ) -> TLSError.Code? {
    var failure = Failure(role: role, report: report, alertReceived: alert)
    change(&failure)
    return failure.cause?.code
  }

  @Test func `a client that offers no key has no failure by one`() {
    for alert in [TLSAlert.illegalParameter, .decryptError, .unknownPSKIdentity, .badRecordMAC, .handshakeFailure] {
      #expect(code(.client, alert: alert) { $0.isUnanswered = true } == nil)
    }
  }

  @Test(arguments: [TLSAlert.illegalParameter, .decryptError])
  func `a client's key is wrong if the hello itself is refused so`(alert: TLSAlert) {
    #expect(
      code(.client, alert: alert) {
        $0.isOffered = true
        $0.isUnanswered = true
      } == .wrongPreSharedKey)
    #expect(code(.client, alert: alert) { $0.isOffered = true } == nil)
  }

  @Test(arguments: [TLSAlert.badRecordMAC, .decryptError])
  func `a client's key is wrong if a server of TLS 1.2 cannot read its Finished`(alert: TLSAlert) {
    #expect(code(.client, alert: alert) { $0.isTLS12Suite = true } == .wrongPreSharedKey)
  }

  @Test func `another alert to a client is not about its key`() {
    for alert in [TLSAlert.protocolVersion, .internalError, .unrecognizedName] {
      #expect(
        code(.client, alert: alert) {
          $0.isOffered = true
          $0.isUnanswered = true
        } == nil)
    }
  }

  @Test func `an alert that may be about the key says so`() {
    var failure = Failure(role: .client, report: .other, alertReceived: .handshakeFailure)
    failure.isOffered = true
    failure.isUnanswered = true
    #expect(failure.cause?.code == .alertReceived)
    #expect(failure.cause?.hint.contains("pre-shared key") == true)
  }

  @Test func `an unknown identity has an alert of its own`() {
    #expect(code(.client, alert: .unknownPSKIdentity) { $0.isOffered = true } == .unknownPreSharedKey)
  }

  @Test func `a key that is passed over counts first`() {
    #expect(
      code(.client, .badRecord, alert: .decryptError) {
        $0.isOffered = true
        $0.isIgnored = true
      } == .preSharedKeyIgnored)
  }

  @Test func `a server recognizes a wrong key by its proof, in TLS 1.2 by the Finished`() {
    #expect(code(.server, .wrongBinder) { _ in } == .wrongPreSharedKey)
    #expect(code(.server, .badRecord) { $0.isTLS12Suite = true } == .wrongPreSharedKey)
    #expect(code(.server, .badRecord) { _ in } == nil)
  }

  @Test(arguments: [true, false], [true, false])
  func `a server without certificates has nothing in common with a client whose key it lacks`(
    isOffered: Bool, isFound: Bool
  ) {
    for hasCertificates in [true, false] { check(isOffered, isFound, hasCertificates) }
  }

  private func check(_ isOffered: Bool, _ isFound: Bool, _ hasCertificates: Bool) {
    let code = code(.server, .nothingInCommon) {
      $0.isOffered = isOffered
      $0.isFound = isFound
      $0.hasCertificates = hasCertificates
    }
    let expected: TLSError.Code? =
      hasCertificates || isFound ? nil : isOffered ? .unknownPreSharedKey : .missingPreSharedKey
    #expect(code == expected)
  }

  @Test func `a proof by a key suffices whatever the configuration demands`() {
    for demand in PeerProof.Demand.allCases {
      var proof = PeerProof(demand: demand, hasCertificate: false, isAccepted: false)
      proof.isPreShared = true
      #expect(proof.isSufficient)
    }
  }

  @Test func `no certificate suffices where the key is demanded`() {
    #expect(!PeerProof(demand: .preSharedKey, hasCertificate: true, isAccepted: true).isSufficient)
    #expect(!PeerProof(demand: .preSharedKey, hasCertificate: false, isAccepted: false).isSufficient)
  }
}
