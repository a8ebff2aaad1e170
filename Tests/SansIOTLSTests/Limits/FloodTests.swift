import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 11 against a peer that sends the same again and again: what the victim keeps stays within the limits, and the
/// error names the limit that was reached.
@Suite(.tags(.law11))
struct FloodTests {
  /// The end of a flood at its victim.
  struct End {
    let failure: TLSError?
    /// The most that waited to be drained.
    let pendingByteCount: Int
    let events: Int
  }

  struct Flood: Sendable, CustomTestStringConvertible {
    let name: String
    /// The words of the error: the limit and its value, or the alert by which libssl itself ends it.
    let culprit: String
    let run: @Sendable () throws -> End
    var testDescription: String { name }
  }

  private static let alice = TestIdentity.client()

  /// A flood of messages of a real peer, each in a piece of input of its own, or all of them in one.
  private static func flood(
    at victim: TLSRole, limits: TLSEngine.Limits = .default, coalesced: Bool = false,
    change: @escaping @Sendable (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = {
      _, _ in
    },
    _ send: @escaping @Sendable (inout EnginePair) throws -> Void
  ) -> @Sendable () throws -> End {
    {
      var pair = try EnginePair.connected(.tls13, limits: limits, change: change)
      try pair.settle()
      var largest = 0
      var input: [UInt8] = []
      for round in 1...400 where pair[victim].failure == nil {
        try? send(&pair)
        input += pair[victim.peer].drain()
        if coalesced, round < 400 { continue }
        _ = try? pair[victim].absorb(input)
        input = []
        largest = max(largest, pair[victim].pendingOutputByteCount)
      }
      let failure = pair[victim].failure
      return End(failure: failure, pendingByteCount: largest, events: pair[victim].allEvents().count)
    }
  }

  /// A flood of sealed messages, all at once.
  private static func flood(
    of message: [UInt8], _ type: RecordForge.ContentType, _ version: TLSVersion, from side: TLSRole
  ) -> @Sendable () throws -> End {
    {
      var (box, forge) = try RecordForge.connected(version, forging: side)
      var input: [UInt8] = []
      for _ in 0..<2000 { input += forge.seal(type, message) }
      _ = try? box.pair[side.peer].absorb(input)
      let failure = box.pair[side.peer].failure
      let pending = box.pair[side.peer].pendingOutputByteCount
      return End(failure: failure, pendingByteCount: pending, events: box.pair[side.peer].allEvents().count)
    }
  }

  /// NewSessionTicket: lifetime, age_add, nonce, ticket, no extensions (RFC 8446, section 4.6.1).
  private static let ticket: [UInt8] = [4, 0, 0, 16, 0, 0, 28, 32, 0, 0, 0, 1, 1, 7, 0, 2, 1, 2, 0, 0]

  static let floods: [Flood] = [
    Flood(
      name: "KeyUpdates that ask for one", culprit: "limits.controlRecordCount, 64",
      run: flood(at: .client) { pair in _ = try pair.server.keyUpdate(requestingPeer: true) }),
    Flood(
      name: "KeyUpdates that ask for none", culprit: "limits.controlRecordCount, 64",
      run: flood(at: .server) { pair in _ = try pair.client.keyUpdate(requestingPeer: false) }),
    Flood(
      name: "KeyUpdates in one piece of input", culprit: "limits.controlRecordCount, 64",
      run: flood(at: .client, coalesced: true) { pair in _ = try pair.server.keyUpdate(requestingPeer: true) }),
    Flood(
      name: "tickets", culprit: "limits.controlRecordCount, 64",
      run: flood(of: ticket, .handshake, .tls13, from: .server)),
    Flood(
      name: "requests for a certificate", culprit: "limits.certificateRequestCount, 5",
      run: flood(
        at: .client, limits: .with { $0.certificateRequestCount = 5 },
        change: { client, server in
          client.identities = [try alice.identity]
          client.offersPostHandshakeAuthentication = true
          server.clientAuthentication = .onRequest
          server.trustRoots = [alice.trust]
        }
      ) { pair in
        _ = try pair.server.requestClientCertificate()
        _ = try pair.client.absorb(pair.server.drain())
        _ = try pair.server.absorb(pair.client.drain())
      }),
    Flood(
      name: "HelloRequests", culprit: "limits.controlRecordCount, 64",
      run: flood(of: [0, 0, 0, 0], .handshake, .tls12, from: .server)),
    Flood(
      name: "ClientHellos", culprit: "limits.controlRecordCount, 64",
      run: flood(of: [1, 0, 0, 0], .handshake, .tls12, from: .client)),
    Flood(
      name: "empty records in TLS 1.3", culprit: "unexpected_message",
      run: flood(of: [], .applicationData, .tls13, from: .client)),
    Flood(
      name: "empty records in TLS 1.2", culprit: "unexpected_message",
      run: flood(of: [], .applicationData, .tls12, from: .server)),
    Flood(
      name: "warnings in TLS 1.2", culprit: "unexpected_message",
      run: flood(of: [1, 90], .alert, .tls12, from: .client)),
  ]

  @Test(arguments: floods)
  func `the limit that is reached is named, and memory stays within it`(flood: Flood) throws {
    let end = try flood.run()
    let failure = try #require(end.failure)
    #expect(failure.blame == .peer)
    #expect("\(failure)".contains(flood.culprit), "\(failure)")
    let isLimit = flood.culprit.hasPrefix("limits.")
    #expect((failure.code == .limitExceeded) == isLimit)
    // Each answer to a message is no longer than 40 bytes, or a certificate with its proof.
    #expect(end.pendingByteCount <= 64 * 1024)
    #expect(end.events <= 64)
  }
}
