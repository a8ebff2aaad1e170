import Foundation
import SansIOTLS
import SansIOTLSTestKit
import Testing

@testable import GettingStarted

/// The code of the page Revocation.
struct RevocationGuideTests {
  private let issuer = TestAuthority().issueIntermediate()
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  private func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = folder.appendingPathComponent(name)
    try Data(bytes).write(to: file)
    return file.path
  }

  private func outcome(_ client: TLSContext, _ server: TLSContext) throws -> TLSError.Code? {
    var pair = try EnginePair(client: client, server: server)
    do { try pair.handshake() } catch let error as TLSError { return error.code }
    return nil
  }

  @Test
  func `a staple is required, sent and renewed`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let identity = issuer.issue(names: ["localhost"])
    let client = try staplingClient(trustFile: write("ca.pem", issuer.rootPEM))
    let (server, staple) = try staplingServer(
      certificateFile: write("server.pem", identity.chainPEM), privateKeyFile: write("key.pem", identity.privateKeyPEM),
      response: identity.staple(.good))
    #expect(try outcome(client, server) == nil)
    try staple.replace(by: identity.staple(.revoked))
    #expect(try outcome(client, server) == .certificateRevoked)
    try staple.replace(by: nil)
    #expect(try outcome(client, server) == .stapleMissing)
  }

  @Test
  func `a CRL is renewed`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let alice = issuer.issue(subject: "Alice", usage: .client)
    var (client, server) = try EnginePair.configurations()
    client.identities = [try alice.identity]
    server.clientAuthentication = .required
    server.trustRoots = [issuer.trust]
    server.revocation = .leaf([try issuer.revocationList()])
    let holder = TLSContextHolder(try TLSContext(server))
    let context = try TLSContext(client)
    #expect(try outcome(context, holder.context) == nil)
    try renew(holder, revocationListFile: write("new.crl", issuer.revocationListPEM(revoking: [alice.certificateDER])))
    #expect(try outcome(context, holder.context) != nil)
  }

  @Test
  func `a pin is read`() throws {
    let pin = TLSPublicKeyPin(of: try issuer.certificate)
    let reserve = TLSPublicKeyPin(of: try TestAuthority().certificate)
    let context = try pinnedClient(current: pin.description, reserve: reserve.description)
    #expect(context.configuration.pinnedKeys == [pin, reserve])
  }

  @Test
  func `a renewed certificate is served to new connections, and a defective one is not`() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let identities = [issuer.issue(names: ["localhost"]), issuer.issue(names: ["localhost"])]
    var client = TLSContext.Configuration.client()
    client.trustRoots = [issuer.trust]
    let context = try TLSContext(client)
    let reloaded = try ReloadedContext(
      certificateFile: write("server.pem", identities[0].chainPEM),
      privateKeyFile: write("key.pem", identities[0].privateKeyPEM))
    var old = try EnginePair(client: context, server: reloaded.holder.context)
    try old.handshake()
    #expect(try await reloaded.reloadIfChanged() == false)
    _ = try write("server.pem", identities[1].chainPEM)
    // The key is still the old one.
    await #expect(throws: TLSError.self) { _ = try await reloaded.reloadIfChanged() }
    _ = try write("key.pem", identities[1].privateKeyPEM)
    #expect(try await reloaded.reloadIfChanged() == true)
    var new = try EnginePair(client: context, server: reloaded.holder.context)
    try new.handshake()
    #expect(new.client.peerCertificates.first?.der == identities[1].certificateDER)
    #expect(old.client.peerCertificates.first?.der == identities[0].certificateDER)
    #expect(try old.transfer([1], from: .server) == [1])
  }
}
