import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Laws 3, 5, 9 and 11 against a peer that has the keys and sends records that libssl never sends.
@Suite(.tags(.law3, .law5, .law9, .law11))
struct ForgedRecordTests {
  private static let keyUpdate: [UInt8] = [24, 0, 0, 1, 0]
  private static let keyUpdateRequest: [UInt8] = [24, 0, 0, 1, 1]

  @Test(arguments: TLSVersion.both)
  func `a forged record is read like any other`(version: TLSVersion) throws {
    var (box, forge) = try RecordForge.connected(version)
    #expect(try box.pair.server.absorb(forge.seal(.applicationData, [1, 2, 3])) == [1, 2, 3])
    #expect(try box.pair.server.absorb(forge.seal(.applicationData, [4])) == [4])
    _ = try box.pair.server.absorb(forge.seal(.alert, [1, 0]))
    #expect(try box.pair.server.read(upTo: 1) == .endOfStream)
  }

  @Test(arguments: TLSVersion.both)
  func `a few empty records are passed over`(version: TLSVersion) throws {
    var (box, forge) = try RecordForge.connected(version)
    for _ in 0..<10 { #expect(try box.pair.server.absorb(forge.seal(.applicationData, [])).isEmpty) }
    #expect(box.pair.server.needs == [.feed])
    #expect(try box.pair.server.absorb(forge.seal(.applicationData, [7])) == [7])
  }

  @Test(arguments: TLSVersion.both)
  func `a flood of empty records ends the connection`(version: TLSVersion) throws {
    var (box, forge) = try RecordForge.connected(version)
    var flood: [UInt8] = []
    for _ in 0..<200 { flood += forge.seal(.applicationData, []) }
    let error = thrownError { _ = try box.pair.server.absorb(flood) }
    #expect(error?.blame == .peer)
    #expect(error?.alertSent == .unexpectedMessage)
  }

  /// libssl declines each second ClientHello of TLS 1.2 by a warning, without ever returning in between.
  @Test
  func `a flood of ClientHellos does not pile warnings up`() throws {
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 4000 }
    var (box, forge) = try RecordForge.connected(.tls12, limits: limits)
    for _ in 0..<100 {
      var flood: [UInt8] = []
      for _ in 0..<50 { flood += forge.seal(.handshake, [1, 0, 0, 0]) }
      _ = try? box.pair.server.absorb(flood)
    }
    #expect(box.pair.server.failure?.code == .limitExceeded)
    #expect(box.pair.server.pendingOutputByteCount < 4000 + 17 * 1024)
  }

  /// The same with data in between, so that no two of them stand in a row.
  @Test
  func `ClientHellos between data do not pile warnings up`() throws {
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 4000 }
    var (box, forge) = try RecordForge.connected(.tls12, limits: limits)
    for _ in 0..<2000 where box.pair.server.failure == nil {
      _ = try? box.pair.server.absorb(forge.seal(.handshake, [1, 0, 0, 0]) + forge.seal(.applicationData, [1]))
    }
    #expect(box.pair.server.failure?.code == .limitExceeded)
    #expect(box.pair.server.pendingOutputByteCount < 4000 + 17 * 1024)
  }

  /// Once libssl has read a message's header it cannot write before the rest: the caller is informed, and nothing is
  /// lost.
  @Test(arguments: [1, 2, 3, 4])
  func `a key update in two records delays writing until it is complete`(cut: Int) throws {
    var (box, forge) = try RecordForge.connected(.tls13)
    #expect(try box.pair.server.absorb(forge.seal(.handshake, Array(Self.keyUpdateRequest[..<cut]))).isEmpty)
    #expect(box.pair.server.needs == [.feed])
    #expect(try box.pair.server.write([1]) == (cut < 4 ? .done(1) : .needsFeed))
    #expect(box.pair.server.failure == nil)
    let rest = forge.seal(.handshake, Array(Self.keyUpdateRequest[cut...]))
    let written = box.pair.server.drain()
    #expect(try box.pair.server.absorb(rest).isEmpty)
    #expect(box.pair.server.pendingOutputByteCount == 27, "the answer follows automatically")
    #expect(try box.pair.server.write([2]) == .done(1))
    // The client did not request an update itself and accepts the answer nevertheless.
    #expect(try box.pair.client.absorb(written + box.pair.server.drain()) == (cut < 4 ? [1, 2] : [2]))
  }

  @Test
  func `close inside a message follows when the message is whole`() throws {
    var (box, forge) = try RecordForge.connected(.tls13)
    #expect(try box.pair.server.absorb(forge.seal(.handshake, Array(Self.keyUpdateRequest[..<4]))).isEmpty)
    #expect(try box.pair.server.closeWriting() == .needsFeed)
    #expect(box.pair.server.failure == nil)
    #expect(box.pair.server.pendingOutputByteCount == 0)
    #expect(thrownError { _ = try box.pair.server.write([1]) }?.code == .closed)
    #expect(try box.pair.server.absorb(forge.seal(.handshake, Array(Self.keyUpdateRequest[4...]))).isEmpty)
    #expect(try box.pair.client.absorb(box.pair.server.drain()).isEmpty)
    #expect(try box.pair.client.read(upTo: 1) == .endOfStream)
    #expect(try box.pair.server.closeWriting() == .done)
  }

  /// Each piece ends one message and begins the next, so that libssl is never between two of them.
  @Test(arguments: zip([TLSVersion.tls13, .tls12], [TLSRole.server, .client]))
  func `messages that are cut in their middle are counted too`(version: TLSVersion, sender: TLSRole) throws {
    var (box, forge) = try RecordForge.connected(version, forging: sender)
    // A ticket: lifetime, age, a nonce of 1 byte, a ticket of 1 byte, no extensions (RFC 8446, section 4.6.1). And a
    // ClientHello.
    let message: [UInt8] =
      sender == .server ? [4, 0, 0, 15, 0, 0, 0, 60, 0, 0, 0, 0, 1, 7, 0, 1, 9, 0, 0] : [1, 0, 0, 1, 0]
    #expect(try box.pair[sender.peer].absorb(forge.seal(.handshake, Array(message[..<4]))).isEmpty)
    for _ in 0..<TLSEngine.Limits.default.controlRecordCount {
      let piece = forge.seal(.handshake, Array(message[4...])) + forge.seal(.handshake, Array(message[..<4]))
      #expect(try box.pair[sender.peer].absorb(piece).isEmpty)
    }
    #expect(box.pair[sender.peer].failure == nil)
    let last = forge.seal(.handshake, Array(message[4...]))
    #expect(thrownError { _ = try box.pair[sender.peer].absorb(last) }?.code == .limitExceeded)
  }

  @Test
  func `a ClientHello in two records is declined before the data after it is read`() throws {
    var (box, forge) = try RecordForge.connected(.tls12)
    #expect(try box.pair.server.absorb(forge.seal(.handshake, [1, 0, 0, 1])).isEmpty)
    let rest = forge.seal(.handshake, [0]) + forge.seal(.applicationData, [5])
    #expect(try box.pair.server.feed(rest) == rest.count)
    #expect(try box.pair.server.read(upTo: 1) == .done([5]))
    #expect(box.pair.server.needs.contains(.drain))
    #expect(box.pair.server.drain().first == 21)
  }

  /// A limit of records in a row is none of a connection's life.
  @Test
  func `a peer that requests a renegotiation occasionally keeps its connection`() throws {
    var (box, forge) = try RecordForge.connected(.tls12)
    for number in 0..<200 {
      let stream = forge.seal(.handshake, [1, 0, 0, 0]) + forge.seal(.applicationData, [UInt8(number)])
      #expect(try box.pair.server.absorb(stream) == [UInt8(number)])
      #expect(box.pair.server.drain().first == 21)
    }
    #expect(box.pair.server.failure == nil)
  }

  /// A request has 4 bytes and its warning 31: data between them must not let a peer cause unlimited output.
  @Test(arguments: [1, 50])
  func `renegotiations are declined up to the limit during a connection`(requests: Int) throws {
    let limits = TLSEngine.Limits.with { $0.declinedRenegotiationCount = 300 }
    var (box, forge) = try RecordForge.connected(.tls12, limits: limits)
    let request = [[UInt8]](repeating: [1, 0, 0, 0], count: requests).flatMap(\.self)
    var warnings = 0
    for round in 0..<400 where box.pair.server.failure == nil {
      let stream = forge.seal(.handshake, request) + forge.seal(.applicationData, [UInt8(truncatingIfNeeded: round)])
      _ = try? box.pair.server.absorb(stream)
      warnings += recordLengths(box.pair.server.drain()).count
    }
    #expect(box.pair.server.failure?.code == .limitExceeded)
    #expect(box.pair.server.failure?.hint.contains("declinedRenegotiationCount") == true)
    #expect(warnings == 301, "the last one exceeds the limit")
  }

  @Test
  func `a key update inside a message waits for the rest of the message`() throws {
    var (box, forge) = try RecordForge.connected(.tls13)
    #expect(try box.pair.server.absorb(forge.seal(.handshake, Array(Self.keyUpdate[..<4]))).isEmpty)
    #expect(try box.pair.server.keyUpdate(requestingPeer: false) == .needsFeed)
    #expect(box.pair.server.failure == nil)
    #expect(try box.pair.server.absorb(forge.seal(.handshake, Array(Self.keyUpdate[4...]))).isEmpty)
    #expect(try box.pair.server.keyUpdate(requestingPeer: false) == .done)
    #expect(try box.pair.server.write([5]) == .done(1))
    #expect(try box.pair.client.absorb(box.pair.server.drain()) == [5])
  }

  @Test
  func `a sleeper inside a message wakes inside it`() throws {
    var (box, forge) = try RecordForge.connected(.tls13)
    #expect(try box.pair.server.absorb(forge.seal(.handshake, Array(Self.keyUpdateRequest[..<3]))).isEmpty)
    #expect(box.pair.server.hibernate() == true)
    #expect(try box.pair.server.absorb(forge.seal(.handshake, Array(Self.keyUpdateRequest[3...]))).isEmpty)
    #expect(box.pair.server.pendingOutputByteCount > 0)
    #expect(box.pair.server.failure == nil)
  }

  /// A record that a side must not send on a finished connection, and the alert that refuses it.
  struct Breach: Sendable, CustomTestStringConvertible {
    let version: TLSVersion
    let sender: TLSRole
    let type: RecordForge.ContentType
    let content: [UInt8]
    let alert: TLSAlert

    init(
      _ version: TLSVersion, _ sender: TLSRole, _ type: RecordForge.ContentType, _ content: [UInt8],
      _ alert: TLSAlert
    ) {
      self.version = version
      self.sender = sender
      self.type = type
      self.content = content
      self.alert = alert
    }

    var testDescription: String { "\(version), \(sender): \(type) \(content)" }
  }

  /// RFC 8446, sections 4.6, 5.1 and 6; RFC 5246, section 7.4. A HelloRequest is a server's in TLS 1.2 alone, a
  /// CertificateRequest after the handshake needs the client's leave, a ticket is never a client's.
  @Test(
    arguments: [
      Breach(.tls13, .client, .handshake, [24, 0, 0, 1, 2], .illegalParameter),
      Breach(.tls13, .client, .handshake, [24, 0, 0, 0], .decodeError),
      Breach(.tls13, .client, .handshake, [1, 0, 0, 0], .unexpectedMessage),
      Breach(.tls13, .client, .handshake, [20, 0, 0, 0], .unexpectedMessage),
      Breach(.tls13, .client, .handshake, [4, 0, 0, 0], .unexpectedMessage),
      Breach(.tls13, .client, .changeCipherSpec, [1], .unexpectedMessage),
      Breach(.tls13, .client, .heartbeat, [1], .unexpectedMessage),
      Breach(.tls13, .client, .alert, [2], .unexpectedMessage),
      Breach(.tls13, .server, .handshake, [24, 0, 0, 1, 2], .illegalParameter),
      Breach(.tls13, .server, .handshake, [4, 0, 0, 0], .decodeError),
      Breach(.tls13, .server, .handshake, [0, 0, 0, 0], .unexpectedMessage),
      Breach(.tls13, .server, .handshake, [13, 0, 0, 3, 0, 0, 0], .unexpectedMessage),
      Breach(.tls13, .server, .handshake, [20, 0, 0, 0], .unexpectedMessage),
      Breach(.tls12, .client, .handshake, [24, 0, 0, 1, 0], .unexpectedMessage),
      Breach(.tls12, .client, .handshake, [20, 0, 0, 0], .unexpectedMessage),
      Breach(.tls12, .server, .handshake, [24, 0, 0, 1, 0], .unexpectedMessage),
      Breach(.tls12, .server, .handshake, [20, 0, 0, 0], .unexpectedMessage),
    ])
  func `a breach after the handshake is refused by its alert`(breach: Breach) throws {
    var (box, forge) = try RecordForge.connected(breach.version, forging: breach.sender)
    let stream = forge.seal(.applicationData, [1]) + forge.seal(breach.type, breach.content)
    #expect(try box.pair[breach.sender.peer].feed(stream) == stream.count)
    #expect(try box.pair[breach.sender.peer].read(upTo: 10) == .done([1]))
    let error = thrownError { _ = try box.pair[breach.sender.peer].read(upTo: 10) }
    #expect(error?.code == .protocolViolation)
    #expect(error?.blame == .peer)
    #expect(error?.alertSent == breach.alert)
    let last = box.pair[breach.sender.peer].drain()
    let reported = thrownError { _ = try box.pair[breach.sender].absorb(last) }
    #expect(reported?.alertReceived == breach.alert)
  }

  // MARK: In the handshake

  /// A Finished that is encrypted correctly and proves nothing (RFC 8446, section 4.4.4; RFC 5246, section 7.4.9).
  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `a wrong Finished is refused`(version: TLSVersion, sender: TLSRole) throws {
    var (box, flight, forge) = try RecordForge.handshaking(version, forging: sender)
    let count: UInt8 = version == .tls13 ? 32 : 12
    let finished = forge.seal(.handshake, [20, 0, 0, count] + [UInt8](repeating: 0, count: Int(count)))
    try expect(.decryptError, of: flight + finished, from: sender, in: box)
  }

  @Test(arguments: TLSRole.allCases)
  func `a key update before Finished is refused`(sender: TLSRole) throws {
    var (box, flight, forge) = try RecordForge.handshaking(.tls13, forging: sender)
    try expect(.unexpectedMessage, of: flight + forge.seal(.handshake, Self.keyUpdate), from: sender, in: box)
  }

  /// RFC 7301, section 3.1: a client that offers no application protocols receives none.
  @Test
  func `a selection of an application protocol where none was offered is refused`() throws {
    // ServerHello and ChangeCipherSpec are the server's own, EncryptedExtensions are not.
    var (box, flight, forge) = try RecordForge.handshaking(.tls13, forging: .server, keeping: 2)
    let selection: [UInt8] = [0, 16, 0, 7, 0, 5, 4] + "evil".utf8
    let extensions = forge.seal(.handshake, [8, 0, 0, 13, 0, 11] + selection)
    try expect(TLSAlert(rawValue: 110), of: flight + extensions, from: .server, in: box)
  }

  /// Expects the receiver to fail with `alert` before it completes the handshake, and the sender to report it.
  private func expect(
    _ alert: TLSAlert, of stream: [UInt8], from sender: TLSRole, in box: RecordForge.Box
  ) throws {
    let error = thrownError { _ = try box.pair[sender.peer].absorb(stream) }
    #expect(error?.code == .protocolViolation, "\(error as Any)")
    #expect(error?.blame == .peer)
    #expect(error?.alertSent == alert)
    #expect(box.pair[sender.peer].negotiated == nil)
    #expect(box.pair[sender.peer].allEvents().isEmpty)
    let last = box.pair[sender.peer].drain()
    #expect(thrownError { _ = try box.pair[sender].absorb(last) }?.alertReceived == alert)
  }

  // MARK: Messages in pieces and together

  @Test
  func `data in the middle of a message is refused`() throws {
    var (box, forge) = try RecordForge.connected(.tls13)
    let stream = forge.seal(.handshake, Array(Self.keyUpdate[..<3])) + forge.seal(.applicationData, [1])
    let error = thrownError { _ = try box.pair.server.absorb(stream) }
    #expect(error?.alertSent == .unexpectedMessage)
  }

  @Test(arguments: TLSVersion.both)
  func `a fatal alert under the keys is reported`(version: TLSVersion) throws {
    var (box, forge) = try RecordForge.connected(version)
    let stream = forge.seal(.applicationData, [1, 2]) + forge.seal(.alert, [2, 80])
    #expect(try box.pair.server.feed(stream) == stream.count)
    #expect(try box.pair.server.read(upTo: 10) == .done([1, 2]))
    let error = thrownError { _ = try box.pair.server.read(upTo: 10) }
    #expect(error?.code == .alertReceived)
    #expect(error?.alertReceived == .internalError)
    #expect(box.pair.server.drain().isEmpty, "an alert is not answered")
  }

  @Test(arguments: TLSVersion.both)
  func `a warning is an event and the connection continues`(version: TLSVersion) throws {
    var (box, forge) = try RecordForge.connected(version)
    _ = box.pair.server.allEvents()
    let stream = forge.seal(.alert, [1, 90]) + forge.seal(.applicationData, [3])
    #expect(try box.pair.server.absorb(stream) == [3])
    #expect(box.pair.server.allEvents().count == 1)
  }

  @Test(arguments: TLSVersion.both)
  func `a flood of warnings ends the connection`(version: TLSVersion) throws {
    var (box, forge) = try RecordForge.connected(version)
    var flood: [UInt8] = []
    for _ in 0..<200 { flood += forge.seal(.alert, [1, 90]) }
    let error = thrownError { _ = try box.pair.server.absorb(flood) }
    #expect(error?.blame == .peer)
    #expect(box.pair.server.allEvents().count <= 64)
  }

  @Test(arguments: TLSVersion.both)
  func `warnings between data are bounded as events`(version: TLSVersion) throws {
    var (box, forge) = try RecordForge.connected(version)
    for _ in 0..<300 {
      _ = try box.pair.server.absorb(forge.seal(.alert, [1, 90]) + forge.seal(.applicationData, [3]))
    }
    #expect(box.pair.server.allEvents().count <= 64)
    #expect(try box.pair.server.absorb(forge.seal(.alert, [1, 0])).isEmpty)
    #expect(try box.pair.server.read(upTo: 1) == .endOfStream)
  }

  @Test
  func `close_notify in the middle of a message is refused`() throws {
    var (box, forge) = try RecordForge.connected(.tls13)
    let stream = forge.seal(.handshake, Array(Self.keyUpdate[..<4])) + forge.seal(.alert, [1, 0])
    let error = thrownError { _ = try box.pair.server.absorb(stream) }
    #expect(error?.code == .protocolViolation)
    #expect(error?.blame == .peer)
  }

  private static func ticket(_ number: UInt8) -> [UInt8] {
    // Lifetime, age, nonce, ticket, no extensions.
    [4, 0, 0, 16] + [0, 0, 28, 32] + [0, 0, 0, 1] + [1, number] + [0, 2, 7, number] + [0, 0]
  }

  @Test
  func `all tickets of one record are reported by the read that receives them`() throws {
    var (box, forge) = try RecordForge.connected(.tls13, forging: .server)
    _ = box.pair.client.allEvents()
    #expect(try box.pair.client.absorb(forge.seal(.handshake, Self.ticket(1) + Self.ticket(2))).isEmpty)
    #expect(box.pair.client.allEvents().count == 2)
    #expect(box.pair.client.needs == [.feed])
  }

  @Test
  func `a key update request after a ticket in the same record is answered`() throws {
    var (box, forge) = try RecordForge.connected(.tls13, forging: .server)
    #expect(try box.pair.client.absorb(forge.seal(.handshake, Self.ticket(1) + Self.keyUpdateRequest)).isEmpty)
    #expect(box.pair.client.pendingOutputByteCount > 0)
  }

  @Test
  func `a connection does not sleep on messages that it has not read`() throws {
    var (box, forge) = try RecordForge.connected(.tls13, forging: .server)
    _ = box.pair.client.allEvents()
    _ = try box.pair.client.feed(forge.seal(.handshake, Self.ticket(1) + Self.ticket(2)))
    #expect(try box.pair.client.read(upTo: 0) == .done([]))
    #expect(box.pair.client.hibernate() == false)
    #expect(try box.pair.client.read(upTo: 1) == .needsFeed)
    #expect(box.pair.client.hibernate() == true)
    #expect(box.pair.client.allEvents().count == 2)
  }
}
