import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A server's question about its client's certificates.
@Suite(.tags(.law13, .law15))
struct ClientQuestionTests {
  private static let everyAlert = (0...255).map(TLSAlert.init(rawValue:))
  /// The alerts that a server may refuse a client by.
  private static let alerts: [TLSAlert] = everyAlert.filter { alert in
    [10, 30, 40, 60, 70, 71, 80, 86, 120].contains(alert.rawValue) || (20...22).contains(alert.rawValue)
      || (42...51).contains(alert.rawValue) || (109...116).contains(alert.rawValue)
  }

  // MARK: The question

  @Test(arguments: TLSVersion.both)
  func `the question has the client's chain and the verification`(version: TLSVersion) throws {
    let identity = TestIdentity.client("Alice")
    var pair = try AskingServer(version, client: identity).asking()
    let question = pair.asked
    let asked = try #require(question)
    #expect(asked.chain == [try identity.certificate])
    #expect(asked.verification.isAccepted)
    #expect(asked.serverName == "localhost")
    #expect(!asked.isResumed)
    #expect(pair.server.needs == .answer)
    #expect(pair.server.phase == .waitingForAnswer)
    try pair.answer(.followVerification, at: .server)
    #expect(pair.server.question == nil)
    try pair.handshake()
    #expect(pair.server.peerCertificates == [try identity.certificate])
    #expect(try pair.transfer([1, 2], from: .client) == [1, 2])
    #expect(try pair.transfer([3, 4], from: .server) == [3, 4])
  }

  @Test(arguments: TLSVersion.both)
  func `a failed verification is asked about, and not refused`(version: TLSVersion) throws {
    let pair = try AskingServer(version, trusted: false).asking()
    let question = pair.asked
    let asked = try #require(question)
    #expect(!asked.verification.isAccepted)
    #expect(asked.verification.subject.contains("Test Client"))
    #expect(pair.server.failure == nil)
    #expect(pair.client.failure == nil)
  }

  /// A signature of another key ends the handshake before the question.
  @Test(arguments: TLSVersion.both)
  func `a client that has not proved its key is not asked about`(version: TLSVersion) throws {
    let ends = try AskingServer(version)
    var pair = try ends.pair()
    pair.step()
    _ = try pair.client.feed(pair.drain(from: .server))
    let reply = pair.drain(from: .client)
    // All but the last record, which holds the proof that the whole handshake is the client's.
    var records = reply[...]
    var last = 0
    while !records.isEmpty {
      last = records.startIndex
      records = records.dropFirst(5 + Int(records[last + 3]) << 8 + Int(records[last + 4]))
    }
    _ = try pair.server.feed(reply[..<last])
    #expect(pair.server.question == nil)
    #expect(pair.server.needs.contains(.feed))
    _ = try pair.server.feed(reply[last...])
    #expect(pair.server.question != nil)
  }

  @Test(arguments: TLSVersion.both)
  func `a client without a certificate is not asked about, and has its tickets`(version: TLSVersion) throws {
    let ends = try AskingServer(version) { client, server in
      client.identities = []
      server.clientAuthentication = .requested
      server.resumption = .tickets(count: 2)
    }
    var pair = try ends.asking()
    #expect(pair.server.question == nil)
    #expect(pair.server.negotiated != nil)
    #expect(pair.client.allSessions().count == (version == .tls13 ? 2 : 1))
    let required = try AskingServer(version) { client, _ in client.identities = [] }
    var other = try required.pair()
    #expect(other.outcome().server?.code == .certificateRejected)
  }

  @Test func `a server that requests no certificates has nothing to ask about`() throws {
    var server = TLSContext.Configuration.server(try TestIdentity.server().identity)
    server.pausesAtPeerCertificates = true
    expectRefusal(.invalidConfiguration, .misuse, naming: "pausesAtPeerCertificates") { _ = try TLSContext(server) }
  }

  // MARK: Before the answer

  @Test(arguments: TLSVersion.both, [0, 1, 3])
  func `no ticket, no plaintext and no Finished leaves before the answer`(version: TLSVersion, count: Int) throws {
    let ends = try AskingServer(version) { _, server in
      server.resumption = count == 0 ? .off : .tickets(count: count)
    }
    var pair = try ends.asking()
    #expect(pair.server.pendingOutputByteCount == 0)
    #expect((pair.client.negotiated != nil) == (version == .tls13))
    #expect(pair.client.allSessions().isEmpty)
    #expect(try pair.server.write([1]) == .needsAnswer)
    #expect(try pair.server.read(upTo: 1) == .needsAnswer)
    #expect(try pair.server.handshake() == .needsAnswer)
    #expect(try pair.server.keyUpdate(requestingPeer: false) == .needsAnswer)
    #expect(pair.server.negotiated == nil)
    #expect(pair.server.allEvents() == [])
    if version == .tls13 { #expect(try pair.client.write([1, 2, 3]) == .done(3)) }
    while pair.step() {}
    #expect(pair.server.pendingOutputByteCount == 0)
    #expect(try pair.server.read(upTo: 1) == .needsAnswer)

    try pair.answer(.followVerification, at: .server)
    #expect(pair.server.allEvents() == ["handshakeCompleted"])
    if version == .tls13 { #expect(try pair.server.read(upTo: 9) == .done([1, 2, 3])) }
    try pair.handshake()
    try pair.settle()
    #expect(pair.client.allSessions().count == (version == .tls13 ? count : min(count, 1)))
  }

  @Test(arguments: TLSVersion.both)
  func `the trace has nothing that was not sent`(version: TLSVersion) throws {
    func messages(_ answer: TLSEngine.PeerCertificates.Answer) throws -> (before: [String], after: [String]) {
      let ends = try AskingServer(version)
      var client = try TLSEngine(.client(serverName: .dns("localhost")), context: ends.client)
      var server = try TLSEngine(.server, context: ends.server)
      func trace() -> [String] {
        var messages: [String] = []
        while let message = server.nextTracedMessage() {
          if message.direction == .sent, case .record = message.content { continue }
          if message.direction == .sent { messages.append("\(message)") }
        }
        return messages
      }
      for _ in 0..<3 {
        _ = try server.feed(client.drain())
        _ = try? client.feed(server.drain())
      }
      let before = trace()
      try? server.answer(answer)
      return (before, trace())
    }
    let held = ["NewSessionTicket", "ChangeCipherSpec", "Finished"]
    let accepted = try messages(.followVerification)
    if version == .tls12 {
      #expect(!accepted.before.contains { line in held.contains { line.contains($0) } })
      for name in held { #expect(accepted.after.contains { $0.contains(name) }) }
    } else {
      #expect(!accepted.before.contains { $0.contains("NewSessionTicket") })
      #expect(accepted.after.count == 1)
    }
    let refused = try messages(.distrust(.accessDenied))
    // The sizes are those of other signatures.
    func names(_ messages: [String]) -> [Substring] { messages.map { $0.prefix { $0 != "," } } }
    #expect(names(refused.before) == names(accepted.before))
    let encrypted = version == .tls13 ? ", encrypted" : ""
    #expect(refused.after == ["sent fatal alert access_denied, 2 bytes\(encrypted)"])
  }

  @Test(.tags(.law11), arguments: TLSVersion.both)
  func `a client that sends a megabyte before the answer costs no more than the ring`(version: TLSVersion) throws {
    let limits = TLSEngine.Limits.default
    var pair = try AskingServer(version).asking(limits: limits)
    var sent = 0
    let megabyte = [UInt8](repeating: 7, count: 1 << 20)
    if version == .tls13 {
      while sent < megabyte.count, case .done(let count) = try pair.client.write(megabyte[sent...]) {
        sent += count
        while pair.step(), pair.client.pendingOutputByteCount > 0 {}
        if pair.client.pendingOutputByteCount > 0 { break }
      }
    }
    // What the peer's TLS would have refused to send.
    var taken = 0
    for _ in 0..<1024 { taken += try pair.server.feed([UInt8](repeating: 1, count: 1024)) }
    #expect(taken <= limits.bufferByteCount)
    #expect(try pair.server.feed([1]) == 0)
    #expect(pair.server.question != nil)
    #expect(pair.server.needs == .answer)
  }

  @Test(.tags(.law11))
  func `a megabyte before the answer arrives after it`() throws {
    var pair = try AskingServer(.tls13).asking()
    let megabyte = pattern(1 << 20)
    var rest = megabyte[...]
    func push() throws {
      while case .done(let count) = try pair.client.write(rest), count > 0 { rest = rest.dropFirst(count) }
      while pair.step() {}
    }
    try push()
    #expect(pair.server.question != nil)
    #expect(!rest.isEmpty)
    try pair.answer(.trust, at: .server)
    var received: [UInt8] = []
    while received.count < megabyte.count {
      let some = try pair.server.readAll()
      received += some
      try push()
    }
    #expect(received == megabyte)
  }

  // MARK: Refusals

  @Test(.tags(.law5, .law6), arguments: TLSVersion.both, alerts)
  func `a refusal reaches the client as the alert that was chosen`(version: TLSVersion, alert: TLSAlert) throws {
    var pair = try AskingServer(version).asking()
    if version == .tls13 { _ = try pair.client.write([1, 2, 3]) }
    while pair.step() {}
    let error = thrownError { try pair.answer(.distrust(alert), at: .server) }
    #expect(error?.code == .rejected)
    #expect(error?.blame == .local)
    #expect(error?.alertSent == alert)
    #expect(pair.server.phase == .failed)
    for _ in 0..<2 {
      #expect(thrownError { _ = try pair.server.read(upTo: 1) }?.alertSent == alert)
      #expect(thrownError { _ = try pair.server.write([1]) }?.code == .rejected)
      #expect(thrownError { _ = try pair.server.handshake() }?.code == .rejected)
    }
    let failures = pair.outcome()
    #expect(failures.client?.code == .alertReceived)
    #expect(failures.client?.alertReceived == alert)
    #expect(pair.client.allSessions().isEmpty)
  }

  @Test(arguments: TLSVersion.both)
  func `an alert that would refuse nothing is misuse, and the question stands`(version: TLSVersion) throws {
    var pair = try AskingServer(version).asking()
    for alert in Self.everyAlert where !Self.alerts.contains(alert) {
      let error = thrownError { try pair.answer(.distrust(alert), at: .server) }
      #expect(error?.code == .wrongAnswer)
      #expect(error?.blame == .misuse)
      #expect(pair.server.question != nil)
    }
    #expect(thrownError { try pair.answer(TLSEngine.ClientHello.Answer.serve, at: .server) }?.code == .wrongAnswer)
    try pair.answer(.trust, at: .server)
    try pair.handshake()
  }

  /// The defects that libssl's verification finds in a client's certificate.
  private static let defects: [TestIdentity.Defect] = [
    .expired, .notYetValid, .selfSigned, .unknownIssuer, .wrongUsage, .missingIntermediate, .corruptedSignature,
    .overlongChain,
  ]

  @Test(arguments: TLSVersion.both, defects)
  func `an answer that follows the verification refuses as a server that does not ask`(
    version: TLSVersion, defect: TestIdentity.Defect
  ) throws {
    let identity = TestAuthority().issue(usage: .client, defect: defect)
    func ends(asks: Bool) throws -> AskingServer {
      try AskingServer(version, client: identity) { _, server in server.pausesAtPeerCertificates = asks }
    }
    var plain = try ends(asks: false).pair()
    let expected = plain.outcome()
    var pair = try ends(asks: true).asking()
    #expect(pair.asked?.verification.isAccepted == false)
    let error = thrownError { try pair.answer(.followVerification, at: .server) }
    #expect(error?.code == .certificateRejected)
    #expect(error?.blame == .peer)
    #expect(error?.verification == expected.server?.verification)
    #expect(error?.alertSent == expected.server?.alertSent)
    #expect(error?.hint == expected.server?.hint)
    #expect(pair.outcome().client?.alertReceived == expected.client?.alertReceived)
  }

  @Test(arguments: TLSVersion.both)
  func `an application may trust what the verification does not`(version: TLSVersion) throws {
    var pair = try AskingServer(version, trusted: false).asking()
    try pair.answer(.trust, at: .server)
    try pair.handshake()
    #expect(try pair.transfer([1, 2], from: .client) == [1, 2])
  }

  @Test(arguments: TLSVersion.both)
  func `without verification an answer that follows it accepts`(version: TLSVersion) throws {
    let ends = try AskingServer(version, trusted: false) { _, server in
      server.trustRoots = []
      server.peerVerification = .none
    }
    var pair = try ends.asking()
    #expect(pair.asked?.verification.isAccepted == false)
    try pair.server.answerAsConfigured()
    try pair.handshake()
    #expect(try pair.transfer([1, 2], from: .server) == [1, 2])
  }

  // MARK: Resumption

  @Test(arguments: TLSVersion.both)
  func `a server asks about a resumed client again`(version: TLSVersion) throws {
    let identity = TestIdentity.client("Alice")
    let ends = try AskingServer(version, client: identity)
    let session = try ends.session()
    var pair = try ends.asking(session)
    let question = pair.asked
    let asked = try #require(question)
    #expect(asked.isResumed)
    #expect(asked.chain == [try identity.certificate])
    #expect(asked.verification.isAccepted)
    #expect(pair.server.pendingOutputByteCount == 0)
    #expect(pair.client.allSessions().isEmpty)
    try pair.answer(.followVerification, at: .server)
    try pair.handshake()
    #expect(pair.server.negotiated?.isResumed == true)
    #expect(pair.client.negotiated?.isResumed == true)
    #expect(try pair.transfer([1, 2], from: .client) == [1, 2])
  }

  @Test(arguments: TLSVersion.both, alerts)
  func `a resumed client is refused by the alert that was chosen`(version: TLSVersion, alert: TLSAlert) throws {
    let ends = try AskingServer(version)
    let session = try ends.session()
    var pair = try ends.asking(session)
    let error = thrownError { try pair.answer(.distrust(alert), at: .server) }
    #expect(error?.code == .rejected)
    #expect(error?.alertSent == alert)
    #expect(pair.outcome().client?.alertReceived == alert)
  }

  /// The answer of the first connection does not become the verification's.
  @Test(arguments: TLSVersion.both)
  func `a trusted answer is resumed by another answer alone`(version: TLSVersion) throws {
    let ends = try AskingServer(version, trusted: false)
    let session = try ends.session(.trust)
    var pair = try ends.asking(session)
    let question = pair.asked
    let asked = try #require(question)
    #expect(asked.isResumed)
    #expect(!asked.verification.isAccepted)
    let error = thrownError { try pair.answer(.followVerification, at: .server) }
    #expect(error?.code == .certificateRejected)
    #expect(error?.alertSent == .unknownCA)
    #expect(pair.outcome().client?.alertReceived == .unknownCA)
    var other = try ends.asking(session)
    #expect(other.asked?.isResumed == true)
    try other.answer(.trust, at: .server)
    try other.handshake()
    #expect(try other.transfer([1, 2], from: .client) == [1, 2])
  }

  @Test(arguments: TLSVersion.both)
  func `a trusted certificate that is out of date is not resumed`(version: TLSVersion) throws {
    let identity = TestAuthority().issue(subject: "Old", validity: .past, usage: .client)
    let ends = try AskingServer(version, client: identity)
    let session = try ends.session(.trust)
    var pair = try ends.asking(session)
    #expect(pair.asked?.isResumed == false)
    try pair.answer(.trust, at: .server)
    try pair.handshake()
    #expect(pair.server.negotiated?.isResumed == false)
  }

  /// Two contexts of one configuration; the entrance to both has the keys of the tickets.
  @Test(arguments: TLSVersion.both)
  func `a session belongs to the context whose question was answered`(version: TLSVersion) throws {
    let first = try AskingServer(version)
    let second = try TLSContext(first.server.configuration)
    var configuration = first.server.configuration
    configuration.pausesAtClientHello = true
    let entrance = try TLSContext(configuration)
    func connect(to context: TLSContext, _ session: TLSSession?) throws -> (isResumed: Bool?, session: TLSSession?) {
      var pair = try EnginePair(client: first.client, server: entrance, session: session)
      pair.step()
      try pair.answer(.serve(with: context), at: .server)
      while pair.step() {}
      let isResumed = pair.asked?.isResumed
      try pair.answer(.trust, at: .server)
      try pair.handshake()
      try pair.settle()
      return (isResumed, pair.client.allSessions().last)
    }
    let session = try connect(to: first.server, nil).session
    #expect(try connect(to: second, session).isResumed == false)
    #expect(try connect(to: first.server, session).isResumed == true)
  }

  @Test(arguments: [1, 2, 4])
  func `a resumption has as many tickets as without a question`(count: Int) throws {
    func tickets(asks: Bool) throws -> [Int] {
      let ends = try AskingServer(.tls13) { _, server in
        server.pausesAtPeerCertificates = asks
        server.resumption = .tickets(count: count)
      }
      var counts: [Int] = []
      var session: TLSSession?
      for _ in 0..<3 {
        var pair = try ends.asking(session)
        if asks { try pair.answer(.followVerification, at: .server) }
        try pair.handshake()
        try pair.settle()
        let sessions = pair.client.allSessions()
        counts.append(sessions.count)
        session = sessions.last
      }
      return counts
    }
    let plain = try tickets(asks: false)
    #expect(plain == [count, 1, 1])
    #expect(try tickets(asks: true) == plain)
  }

  // MARK: While it waits

  @Test(.tags(.law8), arguments: TLSVersion.both)
  func `the end of input while it waits is found after the answer`(version: TLSVersion) throws {
    var pair = try AskingServer(version).asking()
    if version == .tls13 { _ = try pair.client.write([1, 2, 3]) }
    while pair.step() {}
    pair.server.feedEOF()
    #expect(pair.server.needs == .answer)
    try pair.answer(.followVerification, at: .server)
    if version == .tls13 { #expect(try pair.server.read(upTo: 9) == .done([1, 2, 3])) }
    #expect(thrownError { _ = try pair.server.read(upTo: 9) }?.code == .truncated)
  }

  @Test(.tags(.law5), arguments: TLSVersion.both)
  func `a client is refused after the end of its input`(version: TLSVersion) throws {
    var pair = try AskingServer(version).asking()
    pair.server.feedEOF()
    #expect(thrownError { try pair.answer(.distrust(.accessDenied), at: .server) }?.code == .rejected)
    #expect(pair.outcome().client?.alertReceived == .accessDenied)
  }

  @Test(.tags(.law8, .law9, .law10))
  func `close_notify while it waits is read after the answer, and what follows it stays`() throws {
    var pair = try AskingServer(.tls13).asking()
    _ = try pair.client.write([1, 2, 3])
    _ = try pair.client.closeWriting()
    while pair.step() {}
    _ = try pair.server.feed([9, 9, 9])
    #expect(pair.server.needs == .answer)
    try pair.answer(.followVerification, at: .server)
    #expect(try pair.server.read(upTo: 9) == .done([1, 2, 3]))
    #expect(try pair.server.read(upTo: 9) == .endOfStream)
    #expect(pair.server.takeTrailingInput() == [9, 9, 9])
    #expect(try pair.server.write([4]) == .done(1))
    while pair.step() {}
    #expect(try pair.client.read(upTo: 9) == .done([4]))
  }

  @Test(.tags(.law5))
  func `a client that has closed is refused by an alert`() throws {
    var pair = try AskingServer(.tls13).asking()
    _ = try pair.client.closeWriting()
    while pair.step() {}
    #expect(thrownError { try pair.answer(.distrust(.unknownCA), at: .server) }?.alertSent == .unknownCA)
    #expect(pair.outcome().client?.alertReceived == .unknownCA)
  }

  @Test(.tags(.law3, .law9), arguments: TLSVersion.both)
  func `closing while it waits abandons the connection, and nothing held leaves`(version: TLSVersion) throws {
    var pair = try AskingServer(version).asking()
    #expect(try pair.server.closeWriting() == .done)
    #expect(pair.server.phase == .abandoned)
    #expect(pair.server.question == nil)
    #expect(pair.server.pendingOutputByteCount == 0)
    #expect(thrownError { try pair.answer(.trust, at: .server) }?.code == .wrongAnswer)
    #expect(thrownError { _ = try pair.server.write([1]) }?.code == .abandoned)
    #expect(pair.server.pendingOutputByteCount == 0)
  }

  @Test(arguments: TLSVersion.both, [true, false])
  func `an engine hibernates while it waits`(version: TLSVersion, accepts: Bool) throws {
    let ends = try AskingServer(version)
    for session in [nil, try ends.session()] {
      var pair = try ends.asking(session)
      let isAsleep = pair.hibernate(.server)
      #expect(isAsleep)
      #expect(pair.asked != nil)
      if accepts {
        try pair.answer(.followVerification, at: .server)
        try pair.handshake()
        #expect(try pair.transfer([1, 2], from: .client) == [1, 2])
        #expect(try pair.transfer([1, 2], from: .server) == [1, 2])
      } else {
        #expect(thrownError { try pair.answer(.distrust(.accessDenied), at: .server) }?.code == .rejected)
        #expect(pair.outcome().client?.alertReceived == .accessDenied)
      }
    }
  }

  @Test func `changes of the client's keys while it waits are read after the answer`() throws {
    var pair = try AskingServer(.tls13).asking()
    for byte in 1...5 {
      _ = try pair.client.keyUpdate(requestingPeer: byte % 2 == 0)
      _ = try pair.client.write([UInt8(byte)])
    }
    while pair.step() {}
    #expect(pair.server.pendingOutputByteCount == 0)
    try pair.answer(.followVerification, at: .server)
    #expect(try pair.server.readAll() == [1, 2, 3, 4, 5])
    #expect(try pair.transfer([1, 2], from: .server) == [1, 2])
  }

  @Test(.tags(.law2), arguments: TLSVersion.both, [1, 7, 100])
  func `the division of the input does not matter`(version: TLSVersion, piece: Int) throws {
    let ends = try AskingServer(version)
    for session in [nil, try ends.session()] {
      var pair = try ends.pair(session)
      for _ in 0..<4 {
        for side in [TLSRole.client, .server] {
          var bytes = pair[side].drain()[...]
          while !bytes.isEmpty {
            let other: TLSRole = side == .client ? .server : .client
            let accepted = try pair[other].feed(bytes.prefix(piece))
            if accepted == 0 { break }
            bytes = bytes.dropFirst(accepted)
          }
        }
      }
      #expect(pair.asked != nil)
      try pair.answer(.followVerification, at: .server)
      try pair.handshake()
      #expect(try pair.transfer([1, 2], from: .client) == [1, 2])
    }
  }

  // MARK: The context that serves

  @Test(arguments: TLSVersion.both)
  func `the context that serves decides whether there is a question`(version: TLSVersion) throws {
    let asking = try AskingServer(version)
    var entrance = asking.server.configuration
    entrance.pausesAtClientHello = true
    entrance.pausesAtPeerCertificates = false
    var quiet = asking.server.configuration
    quiet.pausesAtPeerCertificates = false
    quiet.resumption = .tickets(count: 2)
    var loud = entrance
    loud.pausesAtPeerCertificates = true
    for (first, second, asks) in [(entrance, asking.server.configuration, true), (loud, quiet, false)] {
      for accepts in [true, false] {
        var pair = try EnginePair(client: asking.client, server: TLSContext(first))
        pair.step()
        try pair.answer(.serve(with: TLSContext(second)), at: .server)
        while pair.step() {}
        #expect((pair.asked != nil) == asks)
        if asks, !accepts {
          #expect(thrownError { try pair.answer(.distrust(.accessDenied), at: .server) }?.code == .rejected)
          #expect(pair.outcome().client?.alertReceived == .accessDenied)
          continue
        }
        if asks { try pair.answer(.followVerification, at: .server) }
        try pair.handshake()
        try pair.settle()
        #expect(pair.client.allSessions().count == (version == .tls13 && !asks ? 2 : 1))
      }
    }
  }

  @Test(.tags(.law7), arguments: TLSVersion.both, [true, false])
  func `entries of other code in the error queue change nothing`(version: TLSVersion, accepts: Bool) throws {
    var pair = try AskingServer(version).asking()
    // Junk of three bytes is no certificate; the pointer is libcrypto's to move for the duration of the closure.
    let junk: [UInt8] = [0x30, 0x81, 0xff]
    unsafe junk.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      _ = unsafe d2i_X509(nil, &cursor, bytes.count)
    }
    #expect(ERR_peek_error() != 0)
    if accepts {
      try pair.answer(.followVerification, at: .server)
      try pair.handshake()
      #expect(try pair.transfer([1, 2], from: .client) == [1, 2])
    } else {
      let error = thrownError { try pair.answer(.distrust(.accessDenied), at: .server) }
      #expect(error?.code == .rejected)
      #expect(error?.openSSLErrors.map(\.reasonCode) == (version == .tls13 ? [Int(SSL_R_CALLBACK_FAILED)] : []))
    }
    #expect(version == .tls12 && !accepts || ERR_peek_error() == 0)
    ERR_clear_error()
  }
}
