import SansIOTLS
import SansIOTLSTestKit

/// Conversations in which libssl's state is changed while it waits: by answers, other contexts, sessions, keys, later
/// handshakes and sleep.
struct Conversation: Sendable {
  typealias Configuration = TLSContext.Configuration

  let name: String
  var versions: [TLSVersion] = [.tls12, .tls13]
  let run: @Sendable (TLSVersion) throws -> Void

  struct Unexpected: Error { let text: String }

  static let all = [
    Conversation(name: "questions of every context", run: questions),
    Conversation(name: "a client's question", run: clientQuestion),
    Conversation(name: "resumption", run: resumption),
    Conversation(name: "hibernation in small buffers", run: hibernation),
    Conversation(name: "early data", versions: [.tls13], run: earlyData),
    Conversation(name: "pre-shared keys", run: preSharedKeys),
    Conversation(name: "a certificate asked for later", versions: [.tls13], run: lateAuthentication),
    Conversation(name: "renegotiation", versions: [.tls12], run: renegotiation),
    Conversation(name: "data in the tickets of rotated keys", run: ticketData),
  ]

  static let alice = TestIdentity.client("Alice")

  static func authenticate(_ client: inout Configuration, _ server: inout Configuration) throws {
    client.identities = [try alice.identity]
    server.clientAuthentication = .required
    server.trustRoots = [alice.trust]
  }

  /// Every pair of an asking context and a serving one, whose client's certificate is accepted or refused.
  private static func questions(_ version: TLSVersion) throws {
    var (calling, plain) = try EnginePair.configurations(version: version)
    try authenticate(&calling, &plain)
    let client = try TLSContext(calling)
    let servers: [Configuration] = [false, true].flatMap { asksAtHello in
      [false, true].map { asksAtCertificate in
        var server = plain
        server.pausesAtClientHello = asksAtHello
        server.pausesAtPeerCertificates = asksAtCertificate
        return server
      }
    }
    for front in servers {
      for other in servers where front.pausesAtClientHello {
        for accepts in other.pausesAtPeerCertificates ? [true, false] : [true] {
          var pair = try EnginePair(client: client, server: TLSContext(front))
          while pair.step() {}
          try pair.answer(.serve(with: TLSContext(other)), at: .server)
          while pair.step() {}
          if other.pausesAtPeerCertificates {
            guard case .peerCertificates? = pair.server.question else { throw Unexpected(text: "no question") }
            if !accepts {
              _ = try? pair.answer(.distrust(.accessDenied), at: .server)
              while pair.step() {}
              continue
            }
            try pair.answer(.trust, at: .server)
          }
          try exchange(&pair)
        }
      }
    }
  }

  private static func clientQuestion(_ version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    server.clientAuthentication = .requested
    server.trustRoots = [alice.trust]
    client.pausesAtCertificateRequest = true
    client.pausesAtPeerCertificates = true
    for presents in [true, false] {
      var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
      while pair.step() {}
      try pair.answer(TLSEngine.PeerCertificates.Answer.followVerification, at: .client)
      while pair.step() {}
      let answer: TLSEngine.CertificateRequest.Answer = presents ? .present(try alice.identity) : .presentNothing
      try pair.answer(answer, at: .client)
      try exchange(&pair)
    }
  }

  private static func resumption(_ version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    try authenticate(&client, &server)
    server.pausesAtPeerCertificates = true
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var session: TLSSession?
    for isResumed in [false, true, true] {
      var pair = try EnginePair(client: contexts.client, server: contexts.server, session: session)
      while pair.step() {}
      try pair.answer(.trust, at: .server)
      try exchange(&pair)
      guard pair.client.negotiated?.isResumed == isResumed else { throw Unexpected(text: "\(isResumed)") }
      while let event = pair.client.nextEvent() {
        if case .sessionTicket(let ticket) = event { session = ticket }
      }
    }
  }

  private static func hibernation(_ version: TLSVersion) throws {
    var limits = TLSEngine.Limits.default
    limits.bufferByteCount = 512
    var pair = try EnginePair(version: version, limits: limits)
    for _ in 0..<3 {
      try exchange(&pair)
      guard pair.hibernate(.client), pair.hibernate(.server) else { throw Unexpected(text: "awake") }
    }
  }

  /// Completes the handshake, and transfers more than a record in both directions.
  static func exchange(_ pair: inout EnginePair) throws {
    if pair.client.negotiated == nil || pair.server.negotiated == nil { try pair.handshake() }
    for side in [TLSRole.client, .server] {
      let bytes = [UInt8](repeating: 7, count: 20_000)
      guard try pair.transfer(bytes, from: side) == bytes else { throw Unexpected(text: "transfer") }
    }
  }
}
