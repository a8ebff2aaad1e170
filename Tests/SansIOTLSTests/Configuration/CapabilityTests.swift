import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The offer of the libssl at run time, and the refusal of what is not in it.
@Suite(.tags(.law16))
struct CapabilityTests {
  @Test func `what every libssl offers is listed`() throws {
    let capabilities = try TLSCapabilities()
    #expect(
      TLSCapabilities.libraryVersion == "\(OpenSSL_version_num() >> 28).\(OpenSSL_version_num() >> 20 & 0xFF)."
        + "\(OpenSSL_version_num() >> 4 & 0xFF)")
    #expect(Set(capabilities.groups).isSuperset(of: [.x25519, .secp256r1, .secp384r1, .ffdhe2048]))
    #expect(Set(capabilities.signatureSchemes).isSuperset(of: [.ed25519, .ecdsa_secp256r1_sha256, .rsa_pkcs1_sha1]))
    #expect(
      Set(capabilities.cipherSuites).isSuperset(of: [
        .TLS_AES_128_GCM_SHA256, .TLS_AES_128_CCM_8_SHA256, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
      ]))
    #expect(capabilities.cipherSuites.allSatisfy { !"\($0)".contains("NULL") && !"\($0)".contains("anon") })
    #expect(capabilities.compressesCertificates == false)
    #expect(try TLSCapabilities() == capabilities)
  }

  @Test func `what later ones offer is found by trying`() throws {
    let capabilities = try TLSCapabilities()
    #expect(capabilities.supportsMLKEM == LibraryVersion.hasHybridGroups)
    #expect(capabilities.supportsMLDSA == LibraryVersion.hasHybridGroups)
    #expect(capabilities.supportsRawPublicKeys == LibraryVersion.hasNewRecordLayer)
    #expect(capabilities.groups.contains(.X25519MLKEM768) == LibraryVersion.hasHybridGroups)
  }

  @Test func `the lean library offers the same, except for signatures by DSA`() throws {
    let full = try TLSCapabilities()
    let lean = try TLSCapabilities(of: .lean())
    #expect(lean.cipherSuites == full.cipherSuites)
    #expect(lean.groups == full.groups)
    let missing = full.signatureSchemes.filter { !lean.signatureSchemes.contains($0) }
    #expect(missing.allSatisfy { "\($0)".hasPrefix("dsa_") })
  }

  @Test func `everything that is listed can be configured`() throws {
    let capabilities = try TLSCapabilities()
    var configuration = TLSContext.Configuration.client()
    configuration.securityLevel = 0
    configuration.groups = capabilities.groups
    configuration.signatureSchemes = capabilities.signatureSchemes
    configuration.cipherSuites = capabilities.cipherSuites.filter { $0.rawValue >> 8 == 0x13 }
    _ = try TLSContext(configuration)
  }

  @Test(arguments: [TLSGroup.X25519MLKEM768, .SecP256r1MLKEM768, .SecP384r1MLKEM1024])
  func `a group with ML-KEM is negotiated, or refused by name`(group: TLSGroup) throws {
    if LibraryVersion.hasHybridGroups {
      let pair = try EnginePair.connected(.tls13) { client, server in
        client.groups = [group]
        server.groups = [group]
      }
      #expect(pair.client.negotiated?.group == group)
      #expect(pair.server.negotiated?.group == group)
    } else {
      var configuration = TLSContext.Configuration.client()
      configuration.groups = [group]
      expectRefusal(.unsupported, .local, naming: "\(group)", TLSCapabilities.libraryVersion, "TLSCapabilities") {
        _ = try TLSContext(configuration)
      }
    }
  }

  @Test func `a signature scheme that libssl lacks is refused by name`() throws {
    let scheme = TLSSignatureScheme(rawValue: 0x0904)
    var configuration = TLSContext.Configuration.client()
    configuration.signatureSchemes = [scheme]
    if LibraryVersion.hasHybridGroups {
      _ = try TLSContext(configuration)
    } else {
      expectRefusal(.unsupported, .local, naming: "mldsa44", TLSCapabilities.libraryVersion) {
        _ = try TLSContext(configuration)
      }
    }
  }

  // MARK: Certificate compression

  private static let compressCertificate: UInt16 = 27
  private static let compressedCertificate: UInt8 = 25

  /// The extensions of a ClientHello in one record (RFC 8446, section 4.1.2).
  private static func extensions(inRecord record: [UInt8]) -> Set<UInt16> {
    var rest = record.dropFirst(5 + 4 + 2 + 32)
    func number(_ width: Int) -> Int {
      defer { rest = rest.dropFirst(width) }
      return rest.prefix(width).reduce(0) { $0 << 8 | Int($1) }
    }
    for width in [1, 2, 1] {
      let count = number(width)
      rest = rest.dropFirst(count)
    }
    var extensions: Set<UInt16> = []
    _ = number(2)
    while rest.count >= 4 {
      extensions.insert(UInt16(number(2)))
      let count = number(2)
      rest = rest.dropFirst(count)
    }
    return extensions
  }

  /// From 3.2 on libssl offers it by default, if it was built with an algorithm.
  @Test func `a client never offers to receive compressed certificates`() throws {
    let (client, _) = try EnginePair.configurations()
    var engine = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(client))
    let own = Self.extensions(inRecord: engine.drain())
    // Server name, groups, versions.
    #expect(own.isSuperset(of: [0, 10, 43]))
    #expect(!own.contains(Self.compressCertificate))
  }

  /// The test above would pass without the option if libssl were built without an algorithm. Debian's has one.
  @Test(.tags(.openSSLFact)) func `bare libssl offers it from 3.2 on`() {
    let bare = RawPeer(.client, version: .tls13)
    _ = bare.absorb([])
    let isOffered = Self.extensions(inRecord: bare.drain()).contains(Self.compressCertificate)
    #expect(LibraryVersion.hasNewRecordLayer || !isOffered)
  }

  @Test func `a server never compresses its certificate, also for a client that offers it`() throws {
    var (_, server) = try EnginePair.configurations(version: .tls13)
    server.tracesMessages = true
    var engine = try TLSEngine(.server, context: TLSContext(server))
    let client = RawPeer(.client, version: .tls13)
    _ = client.absorb([])
    for _ in 0..<3 {
      _ = try engine.absorb(client.drain())
      _ = client.absorb(engine.drain())
    }
    #expect(engine.negotiated?.version == .tls13)
    var types: [UInt8] = []
    while let message = engine.nextTracedMessage() {
      if case .handshake(let type) = message.content { types.append(type.rawValue) }
    }
    #expect(types.contains(11))
    #expect(!types.contains(Self.compressedCertificate))
  }
}
