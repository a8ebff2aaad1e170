import SansIOTLS
import Testing

@testable import SansIOTLSTrace

struct LadderTextTests {
  @Test func `a TLS 1_3 handshake looks like this`() {
    #expect(LadderScript.handshake(title: "a full handshake").ladder.text() == Self.handshake)
  }

  private static let handshake = """
    a full handshake
             client                                                                     server
                │                                                                          │
      needsFeed │──────────────────────── ClientHello, 238 bytes ─────────────────────────►│
                │                     1 record, 243 bytes on the wire                      │
                │                                                                          │
                │◄──────────────────────── ServerHello, 122 bytes ─────────────────────────│
                │◄─────────────────────── ChangeCipherSpec, 1 byte ────────────────────────│
                │◄──────────────────── {EncryptedExtensions}, 10 bytes ────────────────────│
                │◄─────────────────────── {Certificate}, 443 bytes ────────────────────────│
                │◄───────────────────── {CertificateVerify}, 80 bytes ─────────────────────│
                │◄───────────────────────── {Finished}, 52 bytes ──────────────────────────│ needsFeed
                │                     6 records, 806 bytes on the wire                     │
                │                                                                          │
                │─────────────────────── ChangeCipherSpec, 1 byte ────────────────────────►│
           done │───────────────────────── {Finished}, 52 bytes ──────────────────────────►│
                │                     2 records, 80 bytes on the wire                      │
                │                                                                          │
                │      = TLSv1.3 · TLS_AES_256_GCM_SHA384 · x25519 · SNI localhost =       │
                │                                                                          │
      needsFeed │◄───────────────────── {NewSessionTicket}, 249 bytes ─────────────────────│ done
                │                     1 record, 271 bytes on the wire                      │
                │                                                                          │
                { } encrypted

    """

  /// A ladder with the text wherever text is possible.
  static func everywhere(_ text: String) -> Ladder {
    var script = LadderScript.handshake(title: text)
    script.note(text)
    script.agree(["TLSv1.3", "ALPN \(text)", "SNI \(text)"])
    script.pass(TLSTracedMessage.HandshakeType(rawValue: 231), Int.max / 1_000, from: .client, reportedBy: .sender)
    script.pass(TLSAlert(rawValue: 211), fatal: true, from: .server)
    script.fail(.client, text, text, alerts: ["alert sent: unknown_ca"])
    return script.ladder
  }

  @Test(arguments: HostileText.allCases)
  func `no line is wider than 100 columns with any contents`(hostile: HostileText) {
    let lines = Self.everywhere(hostile.text).text().split(separator: "\n", omittingEmptySubsequences: false)
    for line in lines { #expect(line.unicodeScalars.count <= 100, "\(line)") }
    #expect(lines.last == "")
  }

  @Test(arguments: HostileText.allCases)
  func `no character moves the cursor or is wider than one column`(hostile: HostileText) {
    for scalar in Self.everywhere(hostile.text).text().unicodeScalars where !"\n►◄".unicodeScalars.contains(scalar) {
      #expect(Printable.escape(String(scalar), limit: 10) == String(scalar), "\(scalar.escaped(asASCII: true))")
    }
  }

  @Test(arguments: HostileText.allCases)
  func `the lifelines are continuous`(hostile: HostileText) {
    let lines = Self.everywhere(hostile.text).text().split(separator: "\n").drop { !$0.contains("│") }
    for line in lines where line.contains("│") {
      let columns = Array(line)
      #expect(columns[12] == "│")
      #expect(columns[87] == "│")
    }
  }

  @Test func `text that cannot be shown is escaped`() {
    #expect(Printable.escape("a\nb\u{1B}[0m\u{202E}é→宽", limit: 100) == "a\\u{A}b\\u{1B}[0m\\u{202E}é→\\u{5BBD}")
    #expect(Printable.escape("abcdef", limit: 6) == "abcdef")
    #expect(Printable.escape("abcdefg", limit: 6) == "abcde…")
    #expect(Printable.escape("abcd\n", limit: 6) == "abcd\\…")
  }

  @Test func `a long name is cut and a long hint is wrapped`() {
    var script = LadderScript()
    script.agree(["TLSv1.3", "SNI \(String(repeating: "long.", count: 60))example"])
    script.fail(.client, "certificateRejected", String(repeating: "the certificate ", count: 20) + "is not good")
    let text = script.ladder.text()
    #expect(text.contains("SNI long.long."))
    #expect(text.contains("… ="))
    #expect(text.contains("│   good "))
  }

  @Test func `an empty ladder is two lifelines`() {
    #expect(Ladder().text().split(separator: "\n").count == 2)
  }

  @Test func `each sign is explained where it is used`() {
    #expect(!LadderScript.handshake().ladder.text().contains("×"))
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    script.pass(.serverHello, 122, from: .server, reportedBy: .sender)
    script.pass(.certificate, 443, from: .server)
    script.pass(.helloRequest, 4, from: .client, reportedBy: .receiver)
    script.pass(.finished, 52, from: .client, encrypted: true, reportedBy: .sender)
    #expect(script.ladder.text().hasSuffix("{ } encrypted   × not read   ┄ not read yet   ? not sent by the peer\n"))
  }
}
