import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit

/// Runs one scenario and verifies the laws at every call.
struct Simulation: ~Copyable {

  /// The outcome of a run, for statistics.
  struct Outcome: Equatable {
    /// The digest of all input and output, if requested.
    var digest: String?
    var isComplete: Bool
    var isResumed: Bool
    var codes: Set<String>
  }

  let scenario: Scenario
  private var pair: EnginePair
  private var random: SplitMix
  private var client: Application
  private var server: Application
  private let alternative: TLSContext
  private let clientIdentity: TLSIdentity?
  /// Whether the alternative context serves, as it did where the session was created: the session is valid for it
  /// alone.
  private var usesAlternative = false
  private var sessionIsOfAlternative = false
  private var earlyWritten = 0
  private var earlyReceived = 0
  private var steps = 0
  /// Nothing moved any more, and the applications lost patience.
  private var hasTimedOut = false

  /// Runs a scenario to its end.
  ///
  /// - Parameters:
  ///   - scenario: the scenario.
  ///   - isDigested: whether the outcome contains a digest.
  /// - Returns: the outcome.
  /// - Throws: ``Violation`` if a law is violated.
  static func run(_ scenario: Scenario, isDigested: Bool = false) throws -> Outcome {
    let world = SeededWorld(seed: scenario.seed)
    let contexts = try scenario.contexts(in: world)
    // The server's application may serve with another context than the engine was created with.
    let alternative = scenario.asks ? try scenario.contexts(in: world).server : contexts.server
    var session: TLSSession?
    var sessionIsOfAlternative = false
    if scenario.resumes {
      var first = try Simulation(
        scenario.introduction, contexts, alternative, session: nil, link: .direct, in: world)
      _ = try first.run()
      session = first.client.session
      sessionIsOfAlternative = first.usesAlternative
    }
    let link =
      scenario.carrier == .direct ? .direct : SimulatedLink(seed: scenario.seed, faults: scenario.carrier.faults)
    var simulation = try Simulation(scenario, contexts, alternative, session: session, link: link, in: world)
    simulation.sessionIsOfAlternative = sessionIsOfAlternative
    var outcome = try simulation.run()
    if isDigested { outcome.digest = simulation.pair.log.tape?.digest }
    return outcome
  }

  private init(
    _ scenario: Scenario, _ contexts: (client: TLSContext, server: TLSContext), _ alternative: TLSContext,
    session: TLSSession?, link: SimulatedLink, in world: SeededWorld
  ) throws {
    self.scenario = scenario
    self.alternative = alternative
    clientIdentity = contexts.client.configuration.identities.first
    random = SplitMix(seed: ~scenario.seed)
    client = Application(.client, scenario.plans[.client]!)
    client.hadSession = session != nil
    server = Application(.server, scenario.plans[.server]!)
    pair = try EnginePair(
      client: contexts.client, server: contexts.server, limits: scenario.limits, session: session,
      sendsEarlyData: scenario.earlyBytes > 0 && session != nil, link: link, in: world,
      title: "seed \(scenario.seed)")
  }

  private mutating func run() throws -> Outcome {
    try writeEarly()
    while !(client.isThrough && server.isThrough
      && pair.client.pendingOutputByteCount + pair.server.pendingOutputByteCount == 0)
    {
      steps += 1
      if steps > 20_000 { throw violation("no hang: not at its end after \(steps) steps") }
      var moved = false
      for side in TLSRole.allCases {
        // Several at a time, so that a write meets what was not drained yet.
        for _ in 0..<Int.random(in: 1...3, using: &random) where try act(side) { moved = true }
        if try read(side) { moved = true }
        try checkRest(side)
      }
      if pair.step() { moved = true }
      try readEarly()
      for side in TLSRole.allCases {
        try noticeFailure(side)
        try collectEvents(side)
        hangUp(side)
      }
      if server.sawEnd { server.receivedInClear += pair.takeTrailingInput(at: .server) }
      if !moved { try losePatience() }
    }
    while pair.step() { server.receivedInClear += pair.takeTrailingInput(at: .server) }
    server.receivedInClear += pair.takeTrailingInput(at: .server)
    try checkEnd()
    return outcome
  }

  // MARK: Early data

  private mutating func writeEarly() throws {
    guard scenario.earlyBytes > 0, client.hadSession else { return }
    let capacity = pair.client.earlyDataCapacity
    let bytes = Application.bytes(.client, 0..<scenario.earlyBytes)
    while earlyWritten < bytes.count {
      let size = random.size(most: 13) + 1
      let piece = bytes[earlyWritten..<min(earlyWritten + size, bytes.count)]
      guard case .done(let count) = try pair.writeEarly(piece) else { break }
      guard (1...piece.count).contains(count) else { throw violation("early data is accepted as far as it is given") }
      earlyWritten += count
    }
    guard earlyWritten <= capacity else { throw violation("no more early data than the session allows") }
  }

  private mutating func readEarly() throws {
    guard scenario.earlyBytes > 0, !server.hasAbandoned else { return }
    let count = random.size(most: 13) + 1
    while case .done(let bytes)? = try? pair.readEarly(upTo: count) {
      guard (1...count).contains(bytes.count), earlyReceived + bytes.count <= earlyWritten,
        bytes == Application.bytes(.client, earlyReceived..<earlyReceived + bytes.count)
      else { throw violation("early data in order, from byte \(earlyReceived) on") }
      earlyReceived += bytes.count
    }
  }

  private func checkEarlyData() throws {
    switch (pair.client.earlyData, pair.server.earlyData) {
    case (nil, nil): guard earlyWritten == 0 else { throw violation("early data is accepted or rejected") }
    case (.accepted(let sent)?, .accepted(let received)?):
      guard sent == earlyWritten, received == earlyWritten, earlyReceived == earlyWritten else {
        throw violation("accepted early data arrives: \(earlyReceived) of \(earlyWritten) bytes")
      }
    case (.rejected(let count)?, .rejected?):
      guard count == earlyWritten, earlyReceived == 0 else {
        throw violation("rejected early data is counted, and not delivered: \(count) of \(earlyWritten) bytes")
      }
    case let (mine, theirs):
      throw violation("both sides know whether early data was accepted: \(mine as Any), \(theirs as Any)")
    }
  }

  // MARK: What the applications do

  /// Continues the plan of a side, as far as the engine permits.
  ///
  /// - Returns: whether anything changed.
  private mutating func act(_ side: TLSRole) throws -> Bool {
    if self[side].isThrough { return false }
    if case .abandoned(side, after: let count) = scenario.obstacle, steps > count, !isDone(side) {
      _ = try call(side) { (pair) throws(TLSError) in try pair.close(from: side) }
      self[side].hasAbandoned = true
      return true
    }
    if try answer(side) { return true }
    guard isDone(side), !self[side].hasClosed else { return false }
    if self[side].unwritten > 0 { return try write(side) }
    guard self[side].next < self[side].plan.count else { return try close(side) }
    switch self[side].plan[self[side].next] {
    case .write(let count):
      self[side].next += 1
      self[side].unwritten = count
      return count == 0 ? true : try write(side)
    case .keyUpdate(let requestingPeer): return try keyUpdate(side, requestingPeer)
    case .hibernate:
      self[side].next += 1
      pair.hibernate(side)
      return true
    case .requestCertificate: return try requestCertificate(side)
    case .reportIdle:
      self[side].next += 1
      pair.reportIdle(at: side)
      return true
    case .await(let count):
      // What the peer does not mean to send is not waited for.
      let peer = self[side.peer]
      guard self[side].received >= count || peer.hasClosed || peer.isThrough || peer.isWaiting else { return false }
      self[side].next += 1
      return true
    }
  }

  private mutating func write(_ side: TLSRole) throws -> Bool {
    let start = self[side].written
    let offered = min(self[side].unwritten, random.size(most: 17) + 1)
    let plaintext = Application.bytes(side, start..<start + offered)
    let before = pendingOutputByteCount(side)
    let step = try call(side) { (pair) throws(TLSError) in try pair.write(plaintext[...], from: side) }
    let limit = scenario.limits.pendingOutputByteCount
    switch step {
    case .done(let count)?:
      guard (1...offered).contains(count) else {
        throw violation("a write accepts some, and no more than it is given: \(count) of \(offered)")
      }
      guard pendingOutputByteCount(side) >= before + count else {
        throw violation("what a write accepted is encrypted in that call")
      }
      guard before < limit, pendingOutputByteCount(side) <= limit + 16_640 else {
        throw violation(
          "outbound is bounded: \(before) bytes wait, then \(pendingOutputByteCount(side)), limit \(limit)")
      }
      self[side].written += count
      self[side].unwritten -= count
      return true
    case .needsDrain?:
      // A message that the write finished first may have been answered.
      guard max(before, pendingOutputByteCount(side)) >= limit else {
        throw violation("only a full outbound holds a write back: \(before) of \(limit)")
      }
      return false
    case .needsFeed?: return false
    case nil: return true
    case .needsAnswer?:
      guard scenario.offersLater, question(side) else {
        throw violation("a write after the handshake waits for no answer but one about a later request")
      }
      return false
    }
  }

  private mutating func requestCertificate(_ side: TLSRole) throws -> Bool {
    let isOffered = version(side) == .tls13 && scenario.offersLater
    // The answer to the last one may be on its way, or never come.
    pullEvents(side)
    if isOffered, server.isAwaitingCertificate {
      _ = try call(side, expecting: .requestPending) { (pair) throws(TLSError) in try pair.requestClientCertificate() }
      self[side].next += 1
      return true
    }
    let step = try call(side, expecting: isOffered ? nil : .unsupported) { (pair) throws(TLSError) in
      try pair.requestClientCertificate(isRequired: false)
    }
    if case .needsFeed? = step { return false }
    if case .done? = step { server.isAwaitingCertificate = true }
    self[side].next += 1
    return true
  }

  private mutating func keyUpdate(_ side: TLSRole, _ requestingPeer: Bool) throws -> Bool {
    let isOffered = version(side) == .tls13
    let step = try call(side, expecting: isOffered ? nil : .unsupported) { (pair) throws(TLSError) in
      try pair.keyUpdate(from: side, requestingPeer: requestingPeer)
    }
    if case .needsFeed? = step { return false }
    self[side].next += 1
    return true
  }

  private mutating func close(_ side: TLSRole) throws -> Bool {
    let step = try call(side) { (pair) throws(TLSError) in try pair.close(from: side) }
    self[side].hasClosed = true
    guard side == .client, scenario.trailing > 0, case .done? = step else { return true }
    // After its close_notify the client continues in plaintext.
    client.sentInClear = Application.bytes(.client, 0..<scenario.trailing)
    pair.link.send(pair.drain(from: .client) + client.sentInClear, from: .client)
    return true
  }

  private mutating func answer(_ side: TLSRole) throws -> Bool {
    let question = side == .client ? pair.client.question : pair.server.question
    guard let question else { return false }
    // An answer may be delayed.
    if Int.random(in: 0..<3, using: &random) == 0 { return true }
    switch question {
    case .clientHello(let hello):
      guard
        hello.serverName == "localhost" && hello.applicationProtocols == ["one", "two"]
          || scenario.carrier == .corrupting
      else {
        throw violation("a ClientHello is reported as it was sent: \(hello)")
      }
      if scenario.obstacle == .refusedClientHello {
        self[side].hasRefused = true
        _ = try call(side) { (pair) throws(TLSError) in try pair.answer(.refuse(.unrecognizedName), at: side) }
      } else {
        let answers = [TLSEngine.ClientHello.Answer.serve, .serve(with: alternative)]
        let answer = answers.randomElement(using: &random)!
        if answer == answers[1] { usesAlternative = true }
        _ = try call(side) { (pair) throws(TLSError) in try pair.answer(answer, at: side) }
      }
    case .peerCertificates(let certificates):
      var answer = TLSEngine.PeerCertificates.Answer.followVerification
      guard side == .client || !certificates.isResumed || client.hadSession else {
        throw violation("a server asks about a resumption only where a session was offered")
      }
      if scenario.obstacle == .refusedCertificate, side == .client {
        answer = .distrust(.certificateUnknown)
        self[side].hasRefused = true
      } else if case .refusedClient(let alert) = scenario.obstacle, side == .server {
        answer = .distrust(alert)
        self[side].hasRefused = true
      } else if certificates.verification.isAccepted {
        answer = [.followVerification, .trust].randomElement(using: &random)!
      }
      _ = try call(side) { [answer] (pair) throws(TLSError) in try pair.answer(answer, at: side) }
    case .certificateRequest:
      var answer = TLSEngine.CertificateRequest.Answer.presentConfigured
      if case .requested(isShown: false) = scenario.clientCertificate {
        answer = [.presentConfigured, .presentNothing].randomElement(using: &random)!
      } else if let identity = clientIdentity, Bool.random(using: &random) {
        answer = .present(identity)
      }
      _ = try call(side) { [answer] (pair) throws(TLSError) in try pair.answer(answer, at: side) }
    }
    return true
  }

  private mutating func read(_ side: TLSRole) throws -> Bool {
    if self[side].failure != nil || self[side].hasAbandoned || self[side].sawEnd { return false }
    if scenario.isSlowReader[side]!, Int.random(in: 0..<4, using: &random) != 0 { return needs(side).contains(.read) }
    var moved = false
    for _ in 0..<64 {
      let isPromised = needs(side).contains(.read)
      let count = random.size(most: 17) + 1
      let step = try call(side) { (pair) throws(TLSError) in try pair.read(at: side, upTo: count) }
      switch step {
      case .done(let bytes)?:
        guard isPromised else { throw violation("needs reports when a read would return data") }
        try checkPlaintext(bytes, at: side, upTo: count)
        moved = true
      case .endOfStream?:
        self[side].sawEnd = true
        return true
      case .needsFeed?: return moved
      // The application will answer.
      case .needsAnswer?: return true
      case nil: return true
      }
    }
    return moved
  }

  private mutating func checkPlaintext(_ bytes: [UInt8], at side: TLSRole, upTo count: Int) throws {
    guard (1...count).contains(bytes.count) else {
      throw violation("a read delivers 1 to \(count) bytes, not \(bytes.count)")
    }
    let start = self[side].received
    guard start + bytes.count <= self[side.peer].written else { throw violation("no plaintext that was not written") }
    guard bytes == Application.bytes(side.peer, start..<start + bytes.count) else {
      throw violation("plaintext in order, from byte \(start) on at the \(side)")
    }
    guard self[side].events.contains("handshakeCompleted") || pendingHandshakeEvent(side) else {
      throw violation("the completion of the handshake is reported before any plaintext")
    }
    self[side].received += bytes.count
  }

  /// The event may wait to be pulled; pulling it is the very check.
  private mutating func pendingHandshakeEvent(_ side: TLSRole) -> Bool {
    pullEvents(side)
    return self[side].events.contains("handshakeCompleted")
  }

  // MARK: Calls

  /// Makes one call, among others' errors if the scenario wants them.
  ///
  /// - Returns: `nil` if it threw: the side's failure, or the misuse that was expected.
  private mutating func call<Value>(
    _ side: TLSRole, expecting code: TLSError.Code? = nil, _ body: (inout EnginePair) throws(TLSError) -> Value
  ) throws -> Value? {
    if scenario.hasForeignErrors, Bool.random(using: &random) { Self.leaveForeignError() }
    defer { if scenario.hasForeignErrors { ERR_clear_error() } }
    let result: Result<Value, TLSError>
    do throws(TLSError) { result = .success(try body(&pair)) } catch { result = .failure(error) }
    guard scenario.hasForeignErrors || ERR_peek_error() == 0 else {
      throw violation("a call leaves no entry in the error queue")
    }
    switch (result, code) {
    case (.success(let value), nil): return value
    case (.success, let code?): throw violation("\(side): expected \(code)")
    case (.failure(let error), let code?):
      guard error.code == code, failure(side) == nil else { throw violation("\(side): expected \(code), not \(error)") }
    case (.failure(let error), nil):
      guard failure(side).map({ "\($0)" }) == "\(error)" else { throw violation("a good call throws no \(error)") }
      try noticeFailure(side)
    }
    return nil
  }

  /// As any failed call on this thread does. Three random bytes are not a certificate.
  private static func leaveForeignError() {
    let junk: [UInt8] = [0x30, 0x81, 0xff]
    unsafe junk.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      _ = unsafe d2i_X509(nil, &cursor, bytes.count)
    }
  }

  private mutating func noticeFailure(_ side: TLSRole) throws {
    guard let failure = failure(side) else { return }
    if let first = self[side].failure {
      guard "\(first)" == "\(failure)" else { throw violation("an error stays as it was: \(first), now \(failure)") }
    } else {
      self[side].failure = failure
      try checkSticky(side, failure)
    }
  }

  /// Once failed, every call throws the very same.
  private mutating func checkSticky(_ side: TLSRole, _ failure: TLSError) throws {
    let waiting = pendingOutputByteCount(side)
    func check(_ name: String, _ body: (inout EnginePair) throws -> Void) throws {
      do {
        try body(&pair)
        throw violation("after a failure \(name) throws")
      } catch let error as TLSError {
        guard "\(error)" == "\(failure)" else {
          throw violation("after a failure \(name) throws it again, not \(error)")
        }
      }
    }
    try check("feed") { try $0.feed([0], to: side) }
    try check("read") { _ = try $0.read(at: side, upTo: 1) }
    try check("write") { _ = try $0.write([0], from: side) }
    try check("close") { try $0.close(from: side) }
    try check("keyUpdate") { try $0.keyUpdate(from: side, requestingPeer: false) }
    guard pendingOutputByteCount(side) == waiting else { throw violation("after a failure nothing more is sent") }
  }

  /// A repeated call changes nothing.
  private mutating func checkRest(_ side: TLSRole) throws {
    guard failure(side) == nil, !self[side].hasAbandoned, Int.random(in: 0..<4, using: &random) == 0 else { return }
    let before = (needs(side), pendingOutputByteCount(side))
    let step = side == .client ? try? pair.client.handshake() : try? pair.server.handshake()
    guard before == (needs(side), pendingOutputByteCount(side)) else {
      throw violation(
        "handshake() at rest changes nothing: \(before) became \((needs(side), pendingOutputByteCount(side)))")
    }
    let isRight =
      switch step {
      case .done?: isDone(side)
      case .needsAnswer?: question(side)
      case .needsFeed?: !isDone(side) && !question(side)
      case nil: false
      }
    guard isRight else {
      throw violation("handshake() returns the status, not \(step as Any)")
    }
    guard before.0.contains(.drain) == (before.1 > 0) else {
      throw violation("needs reports whether output is pending")
    }
  }

  // MARK: The end

  private mutating func collectEvents(_ side: TLSRole) throws {
    pullEvents(side)
    for name in ["handshakeCompleted", "peerClosed"] where self[side].events.filter({ $0 == name }).count > 1 {
      throw violation("\(name) is reported once")
    }
    if self[side].sawEnd, !self[side].events.contains("peerClosed") { throw violation("the peer's close is reported") }
  }

  private mutating func pullEvents(_ side: TLSRole) {
    while let event = side == .client ? pair.client.nextEvent() : pair.server.nextEvent() {
      switch event {
      case .handshakeCompleted: self[side].events.append("handshakeCompleted")
      case .earlyData(let outcome): self[side].events.append("earlyData \(outcome)")
      case .peerClosed: self[side].events.append("peerClosed")
      case .alertReceived(let alert): self[side].events.append("alert \(alert)")
      case .sessionTicket(let session): self[side].session = session
      case .sessionToStore: self[side].events.append("session to store")
      case .clientCertificateReceived:
        self[side].events.append("clientCertificateReceived")
        self[side].isAwaitingCertificate = false
      case .renegotiated: self[side].events.append("renegotiated")
      }
    }
  }

  /// An application that is through, and has sent what there was to send, closes its transport.
  private mutating func hangUp(_ side: TLSRole) {
    guard self[side].isThrough, !self[side].hasHungUp, pendingOutputByteCount(side) == 0 else { return }
    self[side].hasHungUp = true
    pair.cut(from: side)
  }

  /// Nothing moves: with a faithful carrier that is a hang; otherwise the applications abandon the connection.
  private mutating func losePatience() throws {
    if hasTimedOut { throw violation("no hang: both transports have ended, and still a side is not through") }
    guard mayFail else { throw violation("no hang: nothing moves any more") }
    hasTimedOut = true
    for side in TLSRole.allCases { pair.cut(from: side) }
  }

  private func checkEnd() throws {
    for side in TLSRole.allCases { try checkSent(side) }
    if client.failure == nil, server.failure == nil, !client.hasAbandoned, !server.hasAbandoned {
      return try checkComplete()
    }
    switch scenario.obstacle {
    case .none:
      guard mayFail else { throw violation("nothing fails without a reason") }
      for side in TLSRole.allCases { try checkBlame(side) }
    case .badServer: try checkRefusal(by: client, .certificateRejected)
    case .missingClientCertificate, .unknownClient: try checkRefusal(by: server, .certificateRejected)
    case .noCommonVersion, .noCommonApplicationProtocol: try checkRefusal(by: server, .peerIncompatible)
    case .refusedClientHello: try checkRefusal(by: server, .rejected)
    case .refusedCertificate: try checkRefusal(by: client, .rejected)
    case .refusedClient(let alert):
      try checkRefusal(by: server, .rejected)
      guard mayFail || server.failure?.alertSent == alert else {
        throw violation("the alert is the one that was chosen")
      }
    case .abandoned(let side, _):
      let peer = side == .client ? server : client
      guard mayFail || peer.failure?.code == .truncated else {
        throw violation("a peer that gives up is a truncation, not \(peer.failure as Any)")
      }
    }
  }

  /// All was said and heard.
  private func checkComplete() throws {
    guard scenario.carrier == .corrupting || scenario.obstacle == .none || isAbandonment || unasked else {
      throw violation("\(scenario.obstacle) goes unnoticed")
    }
    for (side, peer) in [(client, server), (server, client)] {
      guard side.received == peer.written, side.sawEnd else {
        throw violation("plaintext complete: the \(side.side) read \(side.received) of \(peer.written)")
      }
    }
    guard let mine = pair.client.negotiated, let theirs = pair.server.negotiated,
      (mine.version, mine.cipherSuite, mine.applicationProtocol, mine.isResumed)
        == (theirs.version, theirs.cipherSuite, theirs.applicationProtocol, theirs.isResumed)
    else { throw violation("both sides agreed on the same") }
    let keys = [
      try? pair.client.exportKeyingMaterial(label: "EXPORTER-simulation", count: 32),
      try? pair.server.exportKeyingMaterial(label: "EXPORTER-simulation", count: 32),
    ]
    guard keys[0] != nil, keys[0] == keys[1] else { throw violation("both sides export the same keys") }
    guard mayFail || server.receivedInClear == client.sentInClear else {
      throw violation(
        "what follows the end in plaintext is kept: \(server.receivedInClear.count) of "
          + "\(client.sentInClear.count) bytes"
      )
    }
    try checkEarlyData()
    let isResumable = client.hadSession && usesAlternative == sessionIsOfAlternative
    guard mayFail || !scenario.resumes || mine.isResumed == isResumable else {
      throw violation("a session that was offered is resumed by the context that created it, and by no other")
    }
  }

  /// A side that refuses states the reason, and its peer receives the alert.
  private func checkRefusal(by side: Application, _ code: TLSError.Code) throws {
    if mayFail { return }
    let peer = side.side == .client ? server : client
    guard let failure = side.failure, failure.code == code else {
      throw violation("the \(side.side) fails with \(code), not \(side.failure as Any)")
    }
    guard let alert = failure.alertSent, peer.failure?.alertReceived == alert else {
      throw violation("the alert leaves: sent \(failure.alertSent as Any), the peer has \(peer.failure as Any)")
    }
  }

  /// With a carrier that damages the stream a failure is one of these, and not a bug.
  private func checkBlame(_ side: TLSRole) throws {
    guard let failure = failure(side) else { return }
    let isOnlyCut = scenario.carrier != .corrupting
    let codes: [TLSError.Code] =
      isOnlyCut
      // OpenSSL reports the end of the stream by a plaintext alert until it has keys; a server with keys reads an
      // invalid record.
      ? [.truncated, .alertReceived, .protocolViolation]
      : [
        .truncated, .alertReceived, .protocolViolation, .notTLS, .peerIncompatible, .certificateRejected,
        .limitExceeded, .earlyDataNotUnderstood, .wrongPreSharedKey, .unknownPreSharedKey, .missingPreSharedKey,
        .preSharedKeyIgnored,
      ]
    guard codes.contains(failure.code) else {
      throw violation("the \(side) fails for the carrier's sake, not with \(failure)")
    }
  }

  /// Whole records, and after a failure its alert.
  private func checkSent(_ side: TLSRole) throws {
    var sent: [UInt8] = []
    for entry in pair.log.tape?.entries ?? [] where entry.side == side && entry.call == .drain {
      if case .bytes(let bytes) = entry.outcome { sent += bytes }
    }
    var position = 0
    var last: (type: UInt8, length: Int)?
    while position < sent.count {
      guard position + 5 <= sent.count, (20...23).contains(sent[position]) else {
        throw violation("the \(side) sends records: none at byte \(position)")
      }
      let length = Int(sent[position + 3]) << 8 + Int(sent[position + 4])
      guard length <= 16_384 + 256, position + 5 + length <= sent.count else {
        throw violation("the \(side) sends whole records: one of \(length) bytes at \(position) of \(sent.count)")
      }
      last = (sent[position], length)
      position += 5 + length
    }
    guard let alert = failure(side)?.alertSent else { return }
    // In TLS 1.3 the type lies inside: two bytes, the type and 16 bytes of tag.
    // It may be padded.
    let isPadded = scenario.records[side]!.paddingByteCount != nil
    guard let last, last.type == 21 || last.type == 23 && (isPadded || last.length == 19) else {
      throw violation("the alert \(alert) leaves; the last record of the \(side) is \(last as Any)")
    }
  }

  // MARK: Shorthands

  /// The carrier may spoil the stream, or did.
  private var mayFail: Bool { pair.link.actions.contains { !$0.isHarmless } && spoils }

  private var spoils: Bool { scenario.carrier != .direct && scenario.carrier != .harmless }

  private var isAbandonment: Bool { if case .abandoned = scenario.obstacle { true } else { false } }

  private var unasked: Bool {
    !client.hasRefused && !server.hasRefused && [.refusedCertificate, .refusedClientHello].contains(scenario.obstacle)
  }

  private var outcome: Outcome {
    Outcome(
      digest: nil, isComplete: client.failure == nil && server.failure == nil,
      isResumed: pair.client.negotiated?.isResumed ?? false,
      codes: Set([client.failure, server.failure].compactMap { $0.map { "\($0.code)" } }))
  }

  private func violation(_ law: String) -> Violation {
    Violation(law: law, scenario: scenario, report: pair.log.report)
  }

  private func failure(_ side: TLSRole) -> TLSError? { side == .client ? pair.client.failure : pair.server.failure }
  private func needs(_ side: TLSRole) -> TLSEngine.Needs { side == .client ? pair.client.needs : pair.server.needs }
  private func pendingOutputByteCount(_ side: TLSRole) -> Int {
    side == .client ? pair.client.pendingOutputByteCount : pair.server.pendingOutputByteCount
  }
  private func isDone(_ side: TLSRole) -> Bool { version(side) != nil }
  private func question(_ side: TLSRole) -> Bool { needs(side).contains(.answer) }
  private func version(_ side: TLSRole) -> TLSVersion? {
    side == .client ? pair.client.negotiated?.version : pair.server.negotiated?.version
  }

  private subscript(side: TLSRole) -> Application {
    get { side == .client ? client : server }
    _modify { if side == .client { yield &client } else { yield &server } }
  }
}
