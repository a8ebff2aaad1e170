import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Refusals and warnings under a policy of the system. Each test runs in a process of its own, under the
/// openssl.cnf that it is about: `Tests/Policy/check` names it in the variable `POLICY`.
@Suite(.tags(.law16))
struct SystemPolicyTests {
  /// The C text is the environment's, and copied.
  private static let policy = unsafe getenv("POLICY").map { unsafe String(cString: $0) } ?? ""

  private func refusal(
    _ code: TLSError.Code, naming culprits: String..., of configuration: TLSContext.Configuration = .client()
  ) {
    let error = expectRefusal(code, .local) { _ = try TLSContext(configuration) }
    for culprit in culprits { #expect(error?.hint.contains(culprit) == true, "\(String(describing: error))") }
  }

  @Test(.enabled(if: policy == "missing")) func `a missing policy that the environment names is refused`() {
    refusal(.unreadableFile, naming: "OPENSSL_CONF", "/no/such/openssl.cnf")
  }

  @Test(.enabled(if: policy == "directory")) func `a policy that is a directory is refused`() {
    refusal(.unreadableFile, naming: "OPENSSL_CONF", "directory")
  }

  @Test(.enabled(if: policy == "malformed")) func `a malformed policy, which libcrypto ignores, is refused`() {
    refusal(.invalidLibraryConfiguration, naming: "OPENSSL_CONF", "openssl.cnf", "line ")
  }

  @Test(.enabled(if: policy == "fips"))
  func `a policy that demands properties which nothing has leaves no context`() {
    refusal(.forbiddenByPolicy, naming: "fips=yes", "openssl.cnf")
    let error = expectRefusal(.forbiddenByPolicy, .local) { _ = try TLSLibraryContext.lean() }
    #expect(error?.hint.contains("fips=yes") == true)
  }

  @Test(.enabled(if: policy == "level 3"))
  func `a key that is too weak for the policy's level is refused with the line of the policy`() throws {
    var configuration = TLSContext.Configuration.server(try TestIdentity.server(key: .rsa2048).identity)
    refusal(.forbiddenByPolicy, naming: "@SECLEVEL=3", "openssl.cnf", "securityLevel", of: configuration)
    configuration.securityLevel = 2
    _ = try TLSContext(configuration)
    configuration.securityLevel = 3
    refusal(.identityRefused, of: configuration)
  }

  @Test(.enabled(if: policy == "level 3"))
  func `signature schemes that the policy's level forbids are refused with the line of the policy`() {
    var configuration = TLSContext.Configuration.client()
    configuration.signatureSchemes = [.rsa_pkcs1_sha1]
    refusal(.forbiddenByPolicy, naming: "@SECLEVEL=3", "rsa_pkcs1_sha1", of: configuration)
  }

  @Test(.enabled(if: policy == "unknown command"))
  func `a line of the policy that libssl does not know is warned about`() throws {
    let context = try TLSContext(.client())
    #expect(context.warnings == [.ignoredPolicy(command: "Nonsense = 1")])
    #expect(context.warnings[0].description.contains("Nonsense = 1"))
  }

  @Test(.enabled(if: policy == "unknown value"))
  func `a line of the policy whose value libssl does not know is warned about`() throws {
    #expect(try TLSContext(.client()).warnings == [.ignoredPolicy(command: "MinProtocol = TLSv9")])
  }

  /// The reason why a part for libssl is refused in a file for an isolated library.
  @Test(.enabled(if: policy == "another library's"), .tags(.openSSLFact))
  func `the TLS part of any library's configuration file is the whole process's`() throws {
    let directory = TemporaryDirectory()
    let path = directory.write(
      "openssl.cnf",
      Array("openssl_conf = x\n[x]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nMaxProtocol = TLSv1.2\n".utf8))
    #expect(try EnginePair.connected().client.negotiated?.version == .tls13)
    let library = unsafe OSSL_LIB_CTX_new()
    unsafe OSSL_LIB_CTX_load_config(library, path)
    #expect(try EnginePair.connected().client.negotiated?.version == .tls12)
    unsafe OSSL_LIB_CTX_free(library)
  }
}
