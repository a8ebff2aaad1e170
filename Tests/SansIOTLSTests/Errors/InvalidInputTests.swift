import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 34 and 35 of the page OpenSSLFacts: libssl answers some invalid input by internal_error. The engine blames the
/// peer, whatever the alert.
@Suite(.tags(.openSSLFact))
struct InvalidInputTests {
  /// The suites by version: in TLS 1.2 a nonce of 8 bytes precedes the ciphertext, except with ChaCha20-Poly1305. The
  /// tag has 16 bytes.
  enum Suite: CaseIterable {
    case tls12GCM, tls12ChaCha20, tls12CCM, tls13GCM, tls13ChaCha20, tls13CCM

    var version: TLSVersion { [.tls12GCM, .tls12ChaCha20, .tls12CCM].contains(self) ? .tls12 : .tls13 }

    func apply(to client: inout TLSContext.Configuration) {
      switch self {
      case .tls12GCM: client.cipherList = "ECDHE-ECDSA-AES256-GCM-SHA384"
      case .tls12ChaCha20: client.cipherList = "ECDHE-ECDSA-CHACHA20-POLY1305"
      case .tls12CCM: client.cipherList = "ECDHE-ECDSA-AES128-CCM"
      case .tls13GCM: client.cipherSuites = [.TLS_AES_256_GCM_SHA384]
      case .tls13ChaCha20: client.cipherSuites = [.TLS_CHACHA20_POLY1305_SHA256]
      case .tls13CCM: client.cipherSuites = [.TLS_AES_128_CCM_SHA256]
      }
    }
  }

  @Test(arguments: Suite.allCases, TLSRole.allCases)
  func `a record that is too short for its suite is the peer's fault`(suite: Suite, side: TLSRole) throws {
    for count in [0, 1, 8, 15, 20] {
      var pair = try EnginePair.connected(suite.version) { client, server in
        suite.apply(to: &client)
        server.cipherList = client.cipherList
        server.cipherSuites = client.cipherSuites
      }
      try pair.settle()
      let error = thrownError { _ = try pair[side].absorb([23, 3, 3, 0, UInt8(count)] + pattern(count)) }
      let mayBeInternal = suite.version == .tls12 && !LibraryVersion.judgesShortRecords
      if error?.alertSent == .internalError, mayBeInternal {
        #expect(error?.openSSLErrors.first?.reasonCode == (suite == .tls12GCM ? 108 : 115), "\(error as Any)")
      } else {
        #expect(error?.alertSent == .badRecordMAC, "\(count) bytes: \(error as Any)")
      }
      try expectBlame(error, at: side, of: &pair)
    }
  }

  /// 3.5 does not check it: the two sides derive different secrets.
  ///
  /// 7 is between 1 and the prime of ffdhe2048 (RFC 7919) and no square: it is not in the subgroup.
  @Test(.enabled(if: LibraryVersion.checksSubgroups), arguments: TLSRole.allCases)
  func `a key share outside the subgroup of ffdhe2048 is the peer's fault`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13, handshake: false) { client, server in
      client.groups = [.ffdhe2048]
      server.groups = [.ffdhe2048]
    }
    var flight = pair.client.drain()
    if side == .client {
      _ = try pair.server.absorb(flight)
      flight = pair.server.drain()
    }
    // The group, the length and the share.
    let start = try #require(flight.firstRange(of: [1, 0, 1, 0])).upperBound
    flight.replaceSubrange(start..<start + 256, with: [UInt8](repeating: 0, count: 255) + [7])
    let error = thrownError { _ = try pair[side].absorb(flight) }
    #expect(error?.openSSLErrors.contains { $0.reasonCode == 122 } == true, "\(error as Any)")
    try expectBlame(error, at: side, of: &pair)
  }

  @Test
  func `a certificate request with half of a signature algorithm is the server's fault`() throws {
    var pair = try EnginePair.connected(.tls12, handshake: false) { client, server in
      try EnginePair.authenticateClient(&client, &server)
    }
    _ = try pair.server.absorb(pair.client.drain())
    var flight = pair.server.drain()
    let request = try #require(Self.offset(of: 13, in: flight))
    // Header of the message, types of certificates, then the length of the signature algorithms.
    let length = request + 4 + 1 + Int(flight[request + 4])
    flight[length + 1] -= 1
    let error = thrownError { _ = try pair.client.absorb(flight) }
    #expect(error?.openSSLErrors.map(\.reasonCode) == [360], "\(error as Any)")
    try expectBlame(error, at: .client, of: &pair)
  }

  enum HybridShare: CaseIterable { case lowOrder, offCurve, wrongForm, tooShort }

  /// libssl 3.5 leaves all checks of a server's hybrid share to libcrypto.
  @Test(.enabled(if: LibraryVersion.hasHybridGroups), arguments: HybridShare.allCases)
  func `a hybrid key share that is invalid is the server's fault`(share: HybridShare) throws {
    let group: TLSGroup = share == .lowOrder || share == .tooShort ? .X25519MLKEM768 : .SecP256r1MLKEM768
    var pair = try EnginePair.connected(.tls13, handshake: false) { client, server in
      client.groups = [group]
      server.groups = [group]
    }
    _ = try pair.server.absorb(pair.client.drain())
    var flight = pair.server.drain()
    let number = [UInt8(group.rawValue >> 8), UInt8(group.rawValue & 255)]
    // The group and the length of the share, which is 1,088 bytes of ML-KEM after a point or before an x coordinate.
    let start = try #require(flight.firstRange(of: number + [4])).upperBound + 1
    switch share {
    case .lowOrder: flight.replaceSubrange(start + 1088..<start + 1120, with: [UInt8](repeating: 0, count: 32))
    case .offCurve: flight[start + 64] ^= 1
    case .wrongForm: flight[start] = 255
    case .tooShort:
      flight.remove(at: start)
      // The length of the record, the message, its extensions after the session id, the extension and the share.
      for low in [4, 8, 5 + 4 + 2 + 32 + 1 + Int(flight[43]) + 2 + 1 + 1, start - 5, start - 1] {
        if flight[low] == 0 { flight[low - 1] -= 1 }
        flight[low] &-= 1
      }
    }
    let error = thrownError { _ = try pair.client.absorb(flight) }
    #expect(error?.alertSent != nil, "\(error as Any)")
    try expectBlame(error, at: .client, of: &pair)
  }

  /// The offset of a message of the handshake in records that are not encrypted.
  private static func offset(of type: UInt8, in flight: [UInt8]) -> Int? {
    var record = 0
    for length in recordLengths(flight) {
      var message = record + 5
      while message < record + length {
        if flight[message] == type { return message }
        message += 4 + Int(flight[message + 1]) << 16 + Int(flight[message + 2]) << 8 + Int(flight[message + 3])
      }
      record += length
    }
    return nil
  }

  /// Expects the error to blame the peer, and the alert to reach it.
  private func expectBlame(_ error: TLSError?, at side: TLSRole, of pair: inout EnginePair) throws {
    #expect(error?.code == .protocolViolation, "\(error as Any)")
    #expect(error?.blame == .peer)
    let alert = try #require(error?.alertSent)
    let last = pair[side].drain()
    #expect(thrownError { _ = try pair[side.peer].absorb(last) }?.alertReceived == alert)
  }
}
