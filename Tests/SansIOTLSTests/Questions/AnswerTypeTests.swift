import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Each question has its own type of answer. The switch of `decide` compiles with fitting answers alone: `.trust` in
/// place of `.serve` does not.
@Suite(.tags(.law13))
struct AnswerTypeTests {
  private func decide(_ engine: inout TLSEngine, _ asked: inout [String]) throws(TLSError) {
    switch engine.question {
    case .clientHello(let hello):
      asked.append("ClientHello of \(hello.serverName ?? "no name")")
      try engine.answer(.serve)
    case .peerCertificates(let presented):
      asked.append("certificates: \(presented.verification)")
      try engine.answer(.followVerification)
    case .certificateRequest(let request):
      asked.append("certificate request of \(request.authorities.count) authorities")
      try engine.answer(.presentConfigured)
    case nil: break
    }
  }

  @Test(arguments: TLSVersion.both)
  func `each question is answered in its own type`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false) { client, server in
      client.pausesAtPeerCertificates = true
      server.pausesAtClientHello = true
    }
    var asked: [String] = []
    for _ in 0..<8 where pair.client.negotiated == nil || pair.server.negotiated == nil {
      pair.step()
      try decide(&pair.server, &asked)
      try decide(&pair.client, &asked)
    }
    #expect(asked == ["ClientHello of localhost", "certificates: accepted"])
    #expect(try pair.transfer([1], from: .client) == [1])
  }

  @Test(arguments: TLSVersion.both)
  func `a question may be left to the configuration`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false) { client, server in
      client.pausesAtPeerCertificates = true
      server.pausesAtClientHello = true
    }
    #expect(thrownError { try pair.server.answerAsConfigured() }?.code == .wrongAnswer)
    pair.step()
    try pair.server.answerAsConfigured()
    while pair.client.question == nil, pair.step() {}
    try pair.client.answerAsConfigured()
    try pair.handshake()
    #expect(thrownError { try pair.client.answerAsConfigured() }?.code == .wrongAnswer)
  }

  @Test func `an answer to a question that was not asked is a misuse and changes nothing`() throws {
    var pair = try EnginePair.connected(handshake: false) { client, server in
      client.pausesAtPeerCertificates = true
      server.pausesAtClientHello = true
    }
    let drained = pair.client.pendingOutputByteCount
    #expect(thrownError { try pair.client.answer(.trust) }?.code == .wrongAnswer)
    #expect(thrownError { try pair.client.answer(.serve) }?.code == .wrongAnswer)
    #expect(pair.client.pendingOutputByteCount == drained)
    #expect(pair.client.phase == .handshaking)
    pair.step()
    #expect(pair.server.phase == .waitingForAnswer)
    for answer in [TLSEngine.PeerCertificates.Answer.followVerification, .trust, .distrust(.unknownCA)] {
      let error = thrownError { try pair.server.answer(answer) }
      #expect(error?.code == .wrongAnswer && error?.blame == .misuse)
      #expect(pair.server.phase == .waitingForAnswer)
    }
    try pair.server.answer(.serve)
    while pair.client.question == nil, pair.step() {}
    for answer in [TLSEngine.ClientHello.Answer.serve, .refuse(.unknownCA)] {
      #expect(thrownError { try pair.client.answer(answer) }?.code == .wrongAnswer)
      #expect(pair.client.phase == .waitingForAnswer)
    }
    try pair.client.answer(.trust)
    try pair.handshake()
  }
}
