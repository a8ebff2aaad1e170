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

/// Connections by a FIPS module alone, where there is one: `Tests/Policy/check` names its configuration file in the
/// variable `FIPS_CONFIGURATION`.
@Suite(.tags(.law16))
struct FIPSTests {
  /// The C text is the environment's, and copied.
  private static let configuration = unsafe getenv("FIPS_CONFIGURATION").map { unsafe String(cString: $0) }
  private static let library = Result<TLSLibraryContext, any Error> {
    try TLSLibraryContext(configurationFile: configuration, properties: "fips=yes")
  }

  private func pair(
    _ version: TLSVersion?, _ key: TestIdentity.KeyType = .p256,
    change: (inout TLSContext.Configuration) -> Void = { _ in }
  ) throws -> EnginePair {
    try EnginePair.connected(version, identity: .server(key: key)) { client, server in
      client.library = try Self.library.get()
      server.library = try Self.library.get()
      change(&client)
    }
  }

  @Test(.enabled(if: configuration != nil), arguments: TLSVersion.both, [TestIdentity.KeyType.p256, .rsa2048, .p384])
  func `both sides connect by the module`(version: TLSVersion, key: TestIdentity.KeyType) throws {
    var pair = try pair(version, key)
    #expect(pair.client.negotiated?.version == version)
    #expect("\(pair.client.negotiated!.cipherSuite)".contains("AES"))
    #expect(try pair.transfer([1, 2, 3], from: .server) == [1, 2, 3])
  }

  @Test(.enabled(if: configuration != nil)) func `what the module lacks is refused by name`() throws {
    let library = try Self.library.get()
    var configuration = TLSContext.Configuration.client()
    configuration.library = library
    configuration.cipherSuites = [.TLS_CHACHA20_POLY1305_SHA256]
    expectRefusal(.unknownCipher, .misuse, naming: "TLS_CHACHA20_POLY1305_SHA256", "fips=yes") {
      _ = try TLSContext(configuration)
    }
    configuration.cipherSuites = nil
    configuration.groups = [.x25519, .secp256r1]
    expectRefusal(.unsupported, .local, naming: "x25519", "fips=yes") { _ = try TLSContext(configuration) }
    configuration.groups = [.secp256r1]
    _ = try TLSContext(configuration)
  }

  @Test(.enabled(if: configuration != nil)) func `a peer of the default library connects`() throws {
    let pair = try EnginePair.connected { client, _ in client.library = try Self.library.get() }
    #expect(pair.client.negotiated?.version == .tls13)
  }

  @Test(.enabled(if: configuration != nil)) func `the module without decoders is refused`() throws {
    let directory = TemporaryDirectory()
    let path = try #require(Self.configuration)
    let bytes = try #require(directory.read(path))
    let text = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("base = ") }
    let file = directory.write("openssl.cnf", Array((text.joined(separator: "\n") + "\n").utf8))
    expectRefusal(.unsatisfiedPropertyQuery, .local, naming: "fips=yes", "base") {
      _ = try TLSLibraryContext(configurationFile: file, properties: "fips=yes")
    }
  }
}
