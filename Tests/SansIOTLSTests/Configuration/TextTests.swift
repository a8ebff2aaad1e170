import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Text of a configuration that libssl would read up to a NUL only.
@Suite(.tags(.law17))
struct TextTests {
  @Test(arguments: ["HIGH\0:!AES256", "\0HIGH", "HIGH\0"])
  func `a cipher list with a NUL is refused`(list: String) {
    expectRefusal(.containsNUL, .misuse, naming: "cipherList") {
      var configuration = TLSContext.Configuration.client()
      configuration.cipherList = list
      _ = try TLSContext(configuration)
    }
  }

  @Test(arguments: ["X25519\0:P-256", "X25519\0"])
  func `a group with a NUL is refused`(group: String) {
    expectRefusal(.containsNUL, .misuse, naming: "groups") { _ = try TLSGroup(name: group) }
  }

  @Test(arguments: ["ed25519\0:rsa_pss_rsae_sha256", "ed25519\0"])
  func `a signature scheme with a NUL is refused`(scheme: String) {
    expectRefusal(.containsNUL, .misuse, naming: "signatureSchemes") { _ = try TLSSignatureScheme(name: scheme) }
  }

  @Test func `a trust path with a NUL is refused`() {
    let directory = TemporaryDirectory()
    let file = directory.write("root.pem", TestAuthority().certificatePEM)
    expectRefusal(.containsNUL, .misuse, naming: "TLSTrustRoots.file") {
      var configuration = TLSContext.Configuration.client()
      configuration.trustRoots = [.file(file + "\0.example")]
      _ = try TLSContext(configuration)
    }
    expectRefusal(.containsNUL, .misuse, naming: "TLSTrustRoots.directory") {
      var configuration = TLSContext.Configuration.client()
      configuration.trustRoots = [.directory(directory.path + "\0.example")]
      _ = try TLSContext(configuration)
    }
  }
}
