import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Settings that work and may not work as intended.
@Suite(.tags(.law16))
struct WarningTests {
  private func warnings(
    _ identity: TestIdentity, change: (inout TLSContext.Configuration) -> Void = { _ in }
  ) throws -> [TLSContext.Warning] {
    var configuration = TLSContext.Configuration.server(try identity.identity)
    change(&configuration)
    return try TLSContext(configuration).warnings
  }

  @Test func `an ordinary context has no warnings`() throws {
    #expect(try warnings(.server()) == [])
    var client = TLSContext.Configuration.client()
    client.trustRoots = [TestAuthority().trust]
    #expect(try TLSContext(client).warnings == [])
  }

  @Test func `a local certificate outside its validity is warned about`() throws {
    #expect(try warnings(.server(defect: .expired)) == [.expiredIdentity(subject: "CN=localhost")])
    #expect(try warnings(.server(defect: .notYetValid)) == [.notYetValidIdentity(subject: "CN=localhost")])
  }

  @Test func `the configured time decides, not the clock`() throws {
    #expect(try warnings(.server(defect: .expired)) { $0.verificationTime = 1_400_000_000 } == [])
    #expect(
      try warnings(.server()) { $0.verificationTime = 1_400_000_000 } == [.notYetValidIdentity(subject: "CN=localhost")]
    )
    #expect(
      try warnings(.server()) { $0.verificationTime = 4_800_000_000 } == [.expiredIdentity(subject: "CN=localhost")])
  }

  @Test func `each identity has its own warning`() throws {
    let authority = TestAuthority()
    let old = authority.issue(names: ["old.example"], key: .p256, validity: .past)
    let new = authority.issue(names: ["new.example"], key: .ed25519, validity: .future)
    let warnings = try TLSContext(.server(old.identity, new.identity)).warnings
    #expect(warnings == [.expiredIdentity(subject: "CN=old.example"), .notYetValidIdentity(subject: "CN=new.example")])
  }

  @Test func `a client's local certificate is checked too`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [TestAuthority().trust]
    configuration.identities = [try TestIdentity.client("Alice", defect: .expired).identity]
    #expect(try TLSContext(configuration).warnings == [.expiredIdentity(subject: "CN=Alice")])
  }

  @Test func `a chain certificate outside its validity is reported`() throws {
    let authority = TestAuthority()
    let expired = authority.issueIntermediate(name: "Old", validity: .past).issue(
      names: ["localhost"], validity: .always)
    #expect(try warnings(expired) == [.expiredIntermediate(subject: "CN=Old")])
    #expect(try warnings(expired) { $0.verificationTime = 1_600_000_000 } == [.expiredIntermediate(subject: "CN=Old")])
    let early = authority.issueIntermediate(name: "Upper", validity: .future).issueIntermediate(name: "Lower")
    #expect(try warnings(early.issue(names: ["localhost"])) == [.notYetValidIntermediate(subject: "CN=Upper")])
    let both = authority.issueIntermediate(name: "Old", validity: .past).issue(names: ["localhost"], validity: .past)
    #expect(try warnings(both) == [.expiredIdentity(subject: "CN=localhost"), .expiredIntermediate(subject: "CN=Old")])
    let description = try warnings(both).last?.description
    #expect(description?.contains("CN=Old has expired") == true)
  }

  @Test func `a warning is a sentence that names the certificate`() {
    #expect(TLSContext.Warning.expiredIdentity(subject: "CN=a").description.contains("CN=a has expired"))
    #expect(TLSContext.Warning.notYetValidIdentity(subject: "CN=a").description.contains("CN=a is not valid yet"))
    #expect(TLSContext.Warning.groupsExcludeCommonCertificates.description.contains("P-256"))
  }

  @Test func `trust roots without a client certificate request are warned about`() throws {
    let authority = TestAuthority()
    for set: (inout TLSContext.Configuration) throws -> Void in [
      { $0.trustRoots = [authority.trust] }, { $0.clientAuthorities = [try authority.certificate] },
    ] {
      var server = TLSContext.Configuration.server(try TestIdentity.server().identity)
      try set(&server)
      #expect(try TLSContext(server).warnings == [.unusedTrust])
      server.trustRoots = [authority.trust]
      server.clientAuthentication = .requested
      #expect(try TLSContext(server).warnings == [])
    }
    #expect(TLSContext.Warning.unusedTrust.description.contains("clientAuthentication"))
  }

  @Test func `a warning does not prevent use`() throws {
    let pair = try EnginePair.connected(identity: .server(defect: .expired)) { client, _ in
      client.verificationTime = 1_577_836_800 + 1
      client.peerVerification = .none
    }
    #expect(pair.client.negotiated != nil)
  }
}
