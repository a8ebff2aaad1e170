import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Keys by URI: second table, row 61. Those of tokens are tested by `Tests/Pkcs11/check`.
struct KeyURITests {
  private let identity = TestIdentity.server()

  private func load(_ uri: String, _ passphrase: String? = nil, of identity: TestIdentity? = nil) throws -> TLSIdentity
  {
    let chain = try (identity ?? self.identity).chainDER.map { try TLSCertificate(der: $0) }
    return try TLSIdentity(certificates: chain, privateKeyURI: uri, passphrase: passphrase)
  }

  @Test(.tags(.openSSLFact), arguments: ["file:%", "file://%", "%"])
  func `a file is named by its absolute path or by a URI`(form: String) throws {
    let folder = TemporaryDirectory()
    let path = folder.write("key.pem", identity.privateKeyPEM)
    let loaded = try load(form.split(separator: "%", omittingEmptySubsequences: false).joined(separator: path))
    #expect(try loaded == identity.identity)
    let pair = try EnginePair.connected(identity: identity) { _, server in server.identities = [loaded] }
    #expect(pair.server.phase == .open)
    expectRefusal(.keyNotFound, .local, naming: "file:key.pem", "absolute") { _ = try load("file:key.pem") }
    expectRefusal(.keyNotFound, .local, naming: path + "x") { _ = try load("file:\(path)x") }
  }

  @Test(arguments: [true, false]) func `an encrypted file is opened by its passphrase`(isPEM: Bool) throws {
    let folder = TemporaryDirectory()
    let bytes = isPEM ? identity.privateKeyPEM(passphrase: "right") : identity.privateKeyDER(passphrase: "right")
    let path = folder.write("key", bytes)
    #expect(try load(path, "right") == identity.identity)
    expectRefusal(.wrongPassphrase, .local, naming: path) { _ = try load(path, "wrong") }
    expectRefusal(.missingPassphrase, .local, naming: path) { _ = try load(path) }
    expectRefusal(.passphraseTooLong, .local) { _ = try load(path, String(repeating: "a", count: 1_025)) }
  }

  @Test func `of several keys the one of the certificate is taken`() throws {
    let folder = TemporaryDirectory()
    let others = (0..<3).map { _ in TestIdentity.server() }
    let bytes = others.flatMap(\.privateKeyPEM) + identity.privateKeyPEM
    let path = folder.write("keys.pem", bytes)
    #expect(try load(path) == identity.identity)
    #expect(try load(path, of: others[1]) == others[1].identity)
    expectRefusal(.keyDoesNotMatchCertificate, .misuse, naming: "none of 4 private keys") {
      _ = try load(path, of: .server())
    }
    let certificate = folder.write("certificate.pem", identity.certificatePEM)
    expectRefusal(.keyNotFound, .local, naming: "no private key") { _ = try load(certificate) }
    let tooMany = folder.write(
      "many.pem", [[UInt8]](repeating: others[0].privateKeyPEM, count: 64).flatMap(\.self) + identity.privateKeyPEM)
    expectRefusal(.keyDoesNotMatchCertificate, .misuse, naming: "64") { _ = try load(tooMany) }
  }

  /// libcrypto quotes the whole URI in its queue.
  @Test(arguments: [
    "pkcs11:token=none;object=key?pin-value=20071969", "pkcs11:token=none;pin-value=20071969;object=key",
    "file:/none?pin-value=20071969",
  ])
  func `no error shows a PIN`(uri: String) throws {
    do {
      _ = try load(uri)
      Issue.record("opened")
    } catch let error as TLSError {
      #expect(!Array("\(error)".utf8).contains(text: "20071969"), "\(error)")
    }
  }

  @Test(.tags(.law17)) func `a scheme that no provider loads is named`() throws {
    expectRefusal(.unsupported, .local, naming: "none:") { _ = try load("none:object=key") }
    expectRefusal(.containsNUL, .misuse, naming: "privateKeyURI") { _ = try load("file:/a\0b") }
    expectRefusal(.invalidCertificate, .local, naming: "no certificate") {
      _ = try TLSIdentity(certificates: [], privateKeyURI: "file:/none")
    }
  }
}
