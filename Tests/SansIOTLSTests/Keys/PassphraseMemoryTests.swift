import SansIOTLS
import SansIOTLSTestKit
import Testing

/// No copy of a passphrase is left in memory, freed memory included, but the caller's own.
struct PassphraseMemoryTests {
  /// The passphrase of the key below, each byte inverted: written as it is it would be found in the program itself.
  private static let complement: [UInt8] = [
    139, 151, 154, 223, 143, 158, 140, 140, 143, 151, 141, 158, 140, 154, 223, 144, 153, 223, 144, 145, 154, 223, 139,
    154,
    140, 139, 211, 223, 158, 145, 155, 223, 144, 153, 223, 145, 144, 139, 151, 150, 145, 152, 223, 154, 147, 140, 154,
  ]

  private static let encryptedKey = Array(
    """
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhOYkdjT4grmQICCAAw
    DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEECOpTrqiNY//HhMug01N6JUEQP3M
    kbrybLN0eff2qLQ+wNr9hJbRAC43JaE9MkGtbhR4YsczMc+KrRnAuGLWcSH1p+9x
    gfZJps1Vu2YzzQolqq8=
    -----END ENCRYPTED PRIVATE KEY-----
    """.utf8)

  /// Written where the string keeps it, without a copy elsewhere.
  private static func passphrase() -> String {
    unsafe String(unsafeUninitializedCapacity: complement.count) { buffer in
      for (index, byte) in complement.enumerated() { unsafe buffer[index] = ~byte }
      return complement.count
    }
  }

  @Test func `the search finds a passphrase in memory`() {
    let bytes: [UInt8] = (0..<40).map { _ in .random(in: 0...255) }
    withExtendedLifetime(bytes) {
      #expect(ProcessMemory.occurrences(ofComplement: bytes.map { ~$0 }) > 0)
    }
  }

  @Test func `a key's passphrase leaves no copy in memory`() throws {
    let passphrase = Self.passphrase()
    let chain = TestIdentity.server().chainPEM
    // The allocator writes over the first 16 bytes of what is freed.
    let tail = Array(Self.complement.dropFirst(16))
    let before = ProcessMemory.occurrences(ofComplement: tail)
    #expect(before == 1)
    // A copy is overwritten by chance, so that each load is followed by a search, which reads all of the memory.
    for _ in 0..<6 {
      _ = try TLSIdentity(pemChain: chain, privateKey: Self.encryptedKey, passphrase: passphrase)
      #expect(ProcessMemory.occurrences(ofComplement: tail) == before)
    }
    #expect(passphrase.utf8.count == Self.complement.count)
  }
}
