import SansIOTLS
import SansIOTLSTrace
import Testing

/// A message that one side sent and the other received is one arrow; a message that only one of them reports is marked.
struct LadderPairingTests {
  @Test func `a message that both sides report is one arrow`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client, sent: .needsFeed)
    script.pass(.serverHello, 122, from: .server, received: .needsFeed)
    #expect(script.ladder.arrows == ["client ClientHello, 238 bytes", "server ServerHello, 122 bytes"])
  }

  @Test func `it does not matter which side is noted first`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client, reportedBy: .receiver)
    script.pass(.clientHello, 238, from: .client, reportedBy: .sender)
    script.passData(100, from: .server, reportedBy: .receiver)
    script.passData(200, from: .server, reportedBy: .receiver)
    script.passData(100, from: .server, reportedBy: .sender)
    script.passData(200, from: .server, reportedBy: .sender)
    #expect(
      script.ladder.arrows == ["client ClientHello, 238 bytes", "server {application_data ×2}, 300 bytes"])
  }

  @Test func `one side alone reports what it sent and what it received`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client, reportedBy: .sender)
    script.pass(.serverHello, 122, from: .server, reportedBy: .receiver)
    script.passChangeCipherSpec(from: .server, reportedBy: .receiver)
    script.pass(.finished, 52, from: .server, encrypted: true, reportedBy: .receiver)
    #expect(
      script.ladder.arrows == [
        "client ClientHello, 238 bytes", "server ServerHello, 122 bytes", "server ChangeCipherSpec, 1 byte",
        "server {Finished}, 52 bytes",
      ])
  }

  @Test func `a message that is not read yet is in transit`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    script.pass(.serverHello, 122, from: .server, reportedBy: .sender)
    #expect(script.ladder.arrows.last == "server ServerHello, 122 bytes underway")
  }

  @Test func `a message that later ones overtook is lost`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    script.pass(.serverHello, 122, from: .server, reportedBy: .sender)
    script.pass(.certificate, 443, from: .server, reportedBy: .sender)
    script.pass(.finished, 52, from: .server, reportedBy: .sender)
    script.pass(.serverHello, 122, from: .server, reportedBy: .receiver)
    script.pass(.finished, 52, from: .server, reportedBy: .receiver)
    script.passData(100, from: .server)
    #expect(
      script.ladder.arrows.dropFirst() == [
        "server ServerHello, 122 bytes", "server Certificate, 443 bytes lost", "server Finished, 52 bytes",
        "server {application_data}, 100 bytes",
      ])
  }

  @Test(arguments: [TLSTracedMessage.CallOutcome.failed(.protocolViolation), .endOfStream])
  func `nothing is read after the end of a side`(end: TLSTracedMessage.CallOutcome) {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    script.pass(.certificate, 443, from: .server, received: end)
    script.pass(.finished, 52, from: .server, reportedBy: .sender)
    #expect(
      script.ladder.arrows.dropFirst() == ["server Certificate, 443 bytes", "server Finished, 52 bytes lost"])
  }

  @Test func `a side that failed without reading has lost everything`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    script.pass(.serverHello, 122, from: .server, reportedBy: .sender)
    script.fail(.client, "truncated", "the transport ended")
    #expect(script.ladder.arrows.last == "server ServerHello, 122 bytes lost")
  }

  @Test func `a message that no side sent is foreign, and those after it are paired`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    script.pass(.serverHello, 122, from: .server, reportedBy: .sender)
    script.pass(.certificate, 443, from: .server, reportedBy: .sender)
    script.pass(.helloRequest, 4, from: .server, reportedBy: .receiver)
    script.pass(.serverHello, 122, from: .server, reportedBy: .receiver)
    script.pass(.certificate, 443, from: .server, reportedBy: .receiver)
    #expect(
      script.ladder.arrows.dropFirst() == [
        "server ServerHello, 122 bytes", "server Certificate, 443 bytes", "server HelloRequest, 4 bytes foreign",
      ])
  }

  @Test func `a record that did not decrypt is the message that it carried`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    script.pass(.certificate, 443, from: .server, encrypted: true, reportedBy: .sender)
    script.pass(.finished, 52, from: .server, encrypted: true, reportedBy: .sender)
    script.passData(465, from: .server, reportedBy: .receiver, received: .failed(.protocolViolation))
    #expect(
      script.ladder.arrows.dropFirst() == [
        "server {Certificate}, 443 bytes lost (read as application_data, 465 bytes)",
        "server {Finished}, 52 bytes lost",
      ])
  }

  @Test func `a message of another size is the same message, altered`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    script.pass(.certificate, 443, from: .server, reportedBy: .sender)
    script.pass(.serverHelloDone, 4, from: .server, reportedBy: .sender)
    script.pass(.certificate, 187, from: .server, reportedBy: .receiver)
    script.pass(.serverHelloDone, 4, from: .server, reportedBy: .receiver)
    #expect(
      script.ladder.arrows.dropFirst() == [
        "server Certificate, 443 bytes lost (read as Certificate, 187 bytes)", "server ServerHelloDone, 4 bytes",
      ])
  }

  @Test func `a record that the reader failed at shows by its type`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client, reportedBy: .sender)
    var ladder = script.ladder
    ladder.note(
      .server,
      TLSTracedMessage(
        .record(.handshake), .received, size: 243, isEncrypted: false, callOutcome: .failed(.protocolViolation))
    )
    #expect(
      ladder.arrows == ["client ClientHello, 238 bytes lost (read as record of handshake, 243 bytes)"])
    #expect(ladder.steps == ["-failed"])
  }

  @Test func `records of a long message are the message's own`() {
    var ladder = Ladder()
    for (side, direction) in [(TLSRole.server, TLSTracedMessage.Direction.sent), (.client, .received)] {
      ladder.note(side, TLSTracedMessage(.record(.handshake), direction, size: 16_401, isEncrypted: true))
      ladder.note(side, TLSTracedMessage(.record(.handshake), direction, size: 3_643, isEncrypted: true))
      ladder.note(side, TLSTracedMessage(.handshake(.certificate), direction, size: 20_000, isEncrypted: true))
    }
    #expect(ladder.arrows == ["server {Certificate}, 20,000 bytes"])
    #expect(ladder.text().contains("2 records, 20,044 bytes on the wire"))
  }

  @Test func `a record of two messages shows both and counts once`() {
    var ladder = Ladder()
    for (side, direction) in [(TLSRole.server, TLSTracedMessage.Direction.sent), (.client, .received)] {
      ladder.note(side, TLSTracedMessage(.record(.handshake), direction, size: 154, isEncrypted: true))
      ladder.note(side, TLSTracedMessage(.handshake(.certificateVerify), direction, size: 80, isEncrypted: true))
      ladder.note(side, TLSTracedMessage(.handshake(.finished), direction, size: 52, isEncrypted: true))
    }
    #expect(ladder.arrows == ["server {CertificateVerify}, 80 bytes", "server {Finished}, 52 bytes"])
    #expect(ladder.text().contains("1 record, 154 bytes on the wire"))
  }

  @Test func `messages without records are arrows too`() {
    var ladder = Ladder()
    ladder.note(.client, TLSTracedMessage(.handshake(.clientHello), .sent, size: 238, isEncrypted: false))
    ladder.note(.server, TLSTracedMessage(.handshake(.clientHello), .received, size: 238, isEncrypted: false))
    ladder.note(.server, TLSTracedMessage(.changeCipherSpec, .sent, size: 1, isEncrypted: false))
    #expect(ladder.arrows == ["client ClientHello, 238 bytes", "server ChangeCipherSpec, 1 byte underway"])
  }

  @Test func `a ChangeCipherSpec is one row, whether or not its receiver ignores it`() {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    script.passChangeCipherSpec(from: .server, received: .needsFeed)
    var ladder = script.ladder
    for (side, direction) in [(TLSRole.client, TLSTracedMessage.Direction.sent), (.server, .received)] {
      ladder.note(side, TLSTracedMessage(.record(.changeCipherSpec), direction, size: 6, isEncrypted: false))
      ladder.note(side, TLSTracedMessage(.changeCipherSpec, direction, size: 1, isEncrypted: false))
    }
    #expect(
      ladder.arrows == [
        "client ClientHello, 238 bytes", "server ChangeCipherSpec, 1 byte", "client ChangeCipherSpec, 1 byte",
      ])
  }
}
