import SansIOTLS
import Testing

@testable import SansIOTLSTrace

/// Flights, steps, lines of application data, and the limits.
struct LadderRowTests {
  private func shape(_ ladder: Ladder) -> String {
    ladder.rows.map { row in
      switch row {
      case .arrow: "a"
      case .total: "t"
      case .gap: "-"
      case .remark: "r"
      case .agreement: "="
      case .failure: "!"
      case .standing: "s"
      }
    }.joined()
  }

  @Test func `a flight is consecutive messages in one direction, with a total`() {
    #expect(shape(LadderScript.handshake().ladder) == "at-aaaaaat-aat-=at-")
  }

  @Test func `a step is shown by the last message of its call`() {
    #expect(
      LadderScript.handshake().ladder.steps == [
        "needsFeed-", "-", "-", "-", "-", "-", "-needsFeed", "-", "done-", "needsFeed-done",
      ])
  }

  @Test func `a step reported by an early message is shown where its call ended`() {
    // A client answers a HelloRetryRequest before it reads the ChangeCipherSpec after it.
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client, sent: .needsFeed)
    script.pass(.helloRetryRequest, 88, from: .server, reportedBy: .sender)
    script.passChangeCipherSpec(from: .server, reportedBy: .sender)
    script.pass(.helloRetryRequest, 88, from: .server, reportedBy: .receiver)
    script.pass(.clientHello, 271, from: .client, reportedBy: .sender)
    script.passChangeCipherSpec(from: .server, reportedBy: .receiver, received: .needsFeed)
    #expect(script.ladder.steps == ["needsFeed-", "-", "-", "needsFeed-"])
  }

  @Test(arguments: [
    (TLSTracedMessage.CallOutcome.needsAnswer, "-needsAnswer"), (.needsFeed, "-needsFeed"), (.done, "-done"),
    (.endOfStream, "-endOfStream"), (.failed(.protocolViolation), "-failed"),
  ])
  func `each outcome has its step`(rest: TLSTracedMessage.CallOutcome, step: String) {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client, received: rest)
    #expect(script.ladder.steps == [step])
  }

  @Test func `after the handshake, done means that data was read, and is not shown for what is sent`() {
    var script = LadderScript.handshake()
    script.passData(100, from: .client, received: .done)
    #expect(script.ladder.steps.last == "-read")
  }

  @Test func `consecutive application data is one line`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    for _ in 0..<12 { script.passData(16_406, from: .client, reportedBy: .sender) }
    for _ in 0..<12 { script.passData(16_406, from: .client, reportedBy: .receiver) }
    script.passData(100, from: .server)
    script.passData(100, from: .client)
    #expect(
      script.ladder.arrows.dropFirst() == [
        "client {application_data ×12}, 196,872 bytes", "server {application_data}, 100 bytes",
        "client {application_data}, 100 bytes",
      ])
  }

  @Test func `the line of application data shows how much was not read`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    for _ in 0..<12 { script.passData(16_406, from: .client, reportedBy: .sender) }
    for _ in 0..<7 { script.passData(16_406, from: .client, reportedBy: .receiver) }
    #expect(
      script.ladder.arrows.last == "client {application_data ×12}, 196,872 bytes underway (5 of 12 not read yet)")
    script.fail(.server, "truncated", "the transport ended")
    #expect(script.ladder.arrows.last == "client {application_data ×12}, 196,872 bytes lost (5 of 12 not read)")
  }

  @Test func `a remark is between what precedes and what follows it`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client, reportedBy: .sender)
    script.note("link corrupts byte 17 from the client")
    script.pass(.clientHello, 238, from: .client, reportedBy: .receiver)
    script.pass(.serverHello, 122, from: .server)
    #expect(shape(script.ladder) == "at-rat-")
  }

  @Test func `parameters common to both sides are shown once`() {
    let both = LadderScript.handshake().ladder
    #expect(both.rows.filter { if case .agreement = $0 { true } else { false } }.count == 1)
    var script = LadderScript()
    script.agree(["TLSv1.3"], [.client])
    script.agree(["TLSv1.2"], [.server])
    #expect(
      script.ladder.rows.compactMap { if case .agreement(let parts) = $0 { parts } else { nil } }
        == [["TLSv1.3"], ["TLSv1.2"]])
  }

  @Test func `a long conversation keeps its beginning and its end and reports what is omitted`() {
    let half = Ladder.EntryLog.half
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    for number in 1..<(4 * half) { script.note("remark \(number)") }
    script.pass(.finished, 52, from: .client)
    script.fail(.server, "truncated", "the transport ended")
    let ladder = script.ladder
    #expect(ladder.arrows == ["client ClientHello, 238 bytes", "client Finished, 52 bytes"])
    #expect(ladder.text().contains("\(Printable.grouped(2 * half + 2)) lines omitted"))
    #expect(ladder.text().contains("server failed: truncated"))
    #expect(ladder.rows.count < 2 * half + 16)
  }

  @Test func `a message whose line was omitted does no harm`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    for number in 0..<(2 * Ladder.EntryLog.half) { script.note("remark \(number)") }
    script.pass(.serverHello, 122, from: .server, reportedBy: .sender)
    for number in 0..<(4 * Ladder.EntryLog.half) { script.note("remark \(number)") }
    script.pass(.serverHello, 122, from: .server, reportedBy: .receiver, received: .needsFeed)
    #expect(script.ladder.arrows == ["client ClientHello, 238 bytes"])
  }

  @Test func `messages that are never paired do not accumulate`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    // More than twice as many as are kept.
    for _ in 0..<10_000 { script.passData(16_406, from: .server, reportedBy: .sender) }
    #expect(
      script.ladder.arrows.last
        == "server {application_data ×10,000}, 164,060,000 bytes underway (10,000 of 10,000 not read yet)")
  }
}
