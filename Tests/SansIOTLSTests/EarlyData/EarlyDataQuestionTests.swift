import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Early data and the questions of both roles.
struct EarlyDataQuestionTests {
  private func asking() throws -> EarlyEnds {
    try EarlyEnds { _, server in
      server.pausesAtClientHello = true
      server.earlyDataReplayFilter = nil
    }
  }

  private func hello(of pair: borrowing EnginePair) throws -> TLSEngine.ClientHello {
    guard case .clientHello(let hello)? = pair.server.question else {
      throw TLSError(.wrongAnswer, .local, hint: "no question")
    }
    return hello
  }

  @Test func `the ClientHello has a token, and the answer decides`() throws {
    let ends = try asking()
    let session = try ends.session()
    var store: Set<[UInt8]> = []
    var tokens: [[UInt8]] = []
    for _ in 0..<2 {
      var pair = try ends.pair(session)
      try pair.sendEarly([1, 2])
      let flight = pair.drain(from: .client)
      for isCopy in [false, true] {
        var server = try TLSEngine(.server, context: ends.server)
        _ = try server.feed(flight)
        #expect(try server.readEarly(upTo: 10) == .needsAnswer)
        guard case .clientHello(let hello)? = server.question else { throw TLSError(.wrongAnswer, .local, hint: "") }
        let token = try #require(hello.earlyDataToken)
        #expect(token.count == 32)
        tokens.append(token)
        let isNew = store.insert(token).inserted
        #expect(isNew == !isCopy)
        try server.answer(.serve.acceptingEarlyData(isNew))
        #expect(try server.readEarly(upTo: 10) == (isNew ? .done([1, 2]) : .endOfEarlyData))
      }
    }
    #expect(Set(tokens).count == 2)
    var plain = try EnginePair(client: ends.client, server: ends.server, session: session)
    while plain.step() {}
    #expect(try hello(of: plain).earlyDataToken == nil)
  }

  @Test func `an answer without a decision rejects where there is no filter`() throws {
    let ends = try asking()
    let session = try ends.session()
    for answer in [TLSEngine.ClientHello.Answer.serve, .serve.acceptingEarlyData(false)] {
      var pair = try ends.pair(session)
      try pair.sendEarly([1])
      while pair.step() {}
      try pair.answer(answer, at: .server)
      try pair.handshake()
      #expect(pair.client.earlyDataEvents() == [.rejected(byteCount: 1)])
    }
    #expect(TLSEngine.ClientHello.Answer.serve != .serve.acceptingEarlyData(false))
    #expect(TLSEngine.ClientHello.Answer.serve.acceptingEarlyData(true) == .serve.acceptingEarlyData(true))
  }

  @Test func `an answer without a decision leaves it to the filter`() throws {
    let ends = try EarlyEnds { _, server in server.pausesAtClientHello = true }
    var pair = try ends.pair(try ends.session())
    try pair.sendEarly([1])
    let flight = pair.drain(from: .client)
    for isCopy in [false, true] {
      var server = try TLSEngine(.server, context: ends.server)
      _ = try server.feed(flight)
      try server.answer(.serve)
      #expect(try server.readEarly(upTo: 10) == (isCopy ? .endOfEarlyData : .done([1])))
    }
  }

  @Test func `of two contexts the lesser limit counts`() throws {
    let keys = try TLSTicketKeys(current: [UInt8](repeating: 3, count: 32))
    let ends = try EarlyEnds(maximum: 1_000) { _, server in
      server.pausesAtClientHello = true
      server.earlyDataReplayFilter = nil
      server.resumption = .tickets(keys: keys)
    }
    var configuration = ends.server.configuration
    configuration.maximumEarlyDataByteCount = 0
    configuration.pausesAtClientHello = false
    let without = try TLSContext(configuration)
    func serve(_ context: TLSContext, _ session: TLSSession?) throws -> (TLSEarlyDataOutcome?, TLSSession) {
      var pair = try EnginePair(
        client: ends.client, server: ends.server, session: session, sendsEarlyData: session != nil)
      if session != nil { try pair.sendEarly([1]) }
      while pair.step() {}
      try pair.answer(.serve(with: context).acceptingEarlyData(true), at: .server)
      try pair.handshake()
      let outcome = pair.client.earlyData
      try pair.settle()
      return (outcome, try #require(pair.client.allSessions().last))
    }
    let (_, session) = try serve(ends.server, nil)
    #expect(session.maximumEarlyDataByteCount == 1_000)
    #expect(try serve(ends.server, session).0 == .accepted(byteCount: 1))
    #expect(try serve(without, session).0 == .rejected(byteCount: 1))
  }

  @Test func `a server that asks about its client's certificates delivers early data after the answer`() throws {
    let ends = try EarlyEnds { client, server in
      try EnginePair.authenticateClient(&client, &server)
      server.pausesAtPeerCertificates = true
    }
    let session = try ends.session()
    for isTrusted in [true, false] {
      var pair = try ends.pair(session)
      try pair.sendEarly([1, 2])
      _ = try pair.feed(pair.drain(from: .client), to: .server)
      #expect(try pair.readEarly() == .needsFeed)
      #expect(!pair.server.needs.contains(.readEarly))
      #expect(try pair.writeEarly([1][...], from: .server) == .unavailable(.clientNotAuthenticated))
      while pair.step() {}
      #expect(try pair.readEarly() == .needsAnswer)
      if isTrusted {
        try pair.answer(.trust, at: .server)
        #expect(try pair.readEarly() == .done([1, 2]))
        #expect(try pair.readEarly() == .endOfEarlyData)
      } else {
        #expect(thrownError { try pair.answer(.distrust(.accessDenied), at: .server) }?.code == .rejected)
        #expect(thrownError { _ = try pair.readEarly() }?.code == .rejected)
      }
    }
  }

  @Test func `a client that is asked for its certificate has sent early data before`() throws {
    let ends = try EarlyEnds { client, server in
      try EnginePair.authenticateClient(&client, &server)
      client.pausesAtCertificateRequest = true
    }
    var pair = try ends.pair(try ends.session())
    try pair.sendEarly([1, 2])
    #expect(try pair.receiveEarly() == [1, 2])
    try pair.handshake()
    #expect(pair.client.earlyDataEvents() == [.accepted(byteCount: 2)])
  }

  @Test func `a refused ClientHello delivers nothing`() throws {
    let ends = try asking()
    var pair = try ends.pair(try ends.session())
    try pair.sendEarly([1])
    while pair.step() {}
    #expect(thrownError { try pair.answer(.refuse(.accessDenied), at: .server) }?.code == .rejected)
    #expect(thrownError { _ = try pair.readEarly() }?.code == .rejected)
    while pair.step() {}
    #expect(pair.client.failure?.alertReceived == .accessDenied)
    #expect(pair.client.failure?.code == .alertReceived)
  }

  @Test func `an offer can be made by its fields`() {
    let hello = TLSEngine.ClientHello(serverName: nil, earlyDataToken: [1])
    #expect(hello.earlyDataToken == [1])
  }
}
