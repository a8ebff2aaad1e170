import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The course of handshakes, and what ends them.
@Suite(.tags(.behaviour))
struct HandshakeTests {
  /// The content types of the records in a stream.
  private func recordTypes(_ stream: [UInt8]) -> [UInt8] {
    var start = 0
    return recordLengths(stream).map { length in
      defer { start += length }
      return stream[start]
    }
  }

  /// Plays the handshake flight by flight and returns the types of each flight's records, the client's first.
  private func flights(_ version: TLSVersion) throws -> [[UInt8]] {
    var pair = try EnginePair.connected(version, handshake: false)
    var flights: [[UInt8]] = []
    for number in 0..<6 {
      let flight = number % 2 == 0 ? pair.client.drain() : pair.server.drain()
      if flight.isEmpty { break }
      flights.append(recordTypes(flight))
      _ = number % 2 == 0 ? try pair.server.feed(flight) : try pair.client.feed(flight)
    }
    #expect(pair.client.negotiated != nil)
    #expect(pair.server.negotiated != nil)
    return flights
  }

  private static let changeCipherSpec: UInt8 = 20
  private static let handshake: UInt8 = 22
  private static let applicationData: UInt8 = 23

  @Test func `TLS 1.2 needs two flights of each side`() throws {
    let flights = try flights(.tls12)
    #expect(flights.count == 4)
    #expect(flights.first == [Self.handshake])
    #expect(flights[1].allSatisfy { $0 == Self.handshake })
    #expect(Array(flights[2].suffix(2)) == [Self.changeCipherSpec, Self.handshake])
    #expect(Array(flights[3].suffix(2)) == [Self.changeCipherSpec, Self.handshake])
  }

  @Test func `TLS 1.3 needs one and a half flights, then the tickets`() throws {
    let flights = try flights(.tls13)
    #expect(flights.count == 4)
    #expect(flights.first == [Self.handshake])
    #expect(Array(flights[1].prefix(2)) == [Self.handshake, Self.changeCipherSpec])
    #expect(flights[1].dropFirst(2).allSatisfy { $0 == Self.applicationData })
    #expect(flights[2] == [Self.changeCipherSpec, Self.applicationData])
    #expect(flights[3] == [Self.applicationData])
  }

  @Test(arguments: TLSVersion.both)
  func `its completion is reported exactly once and before any application data`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    _ = try pair.client.write([1])
    pair.step()
    for side in TLSRole.allCases {
      let events = pair[side].allEvents()
      #expect(events.filter { $0 == "handshakeCompleted" }.count == 1)
    }
    #expect(try pair.server.read(upTo: 1) == .done([1]))
    _ = try pair.server.handshake()
    #expect(pair.server.allEvents() == [])
  }

  @Test(arguments: TLSVersion.both)
  func `data in one chunk with the last handshake bytes is delivered`(version: TLSVersion) throws {
    // In TLS 1.2 the server is done last and its data follows its Finished; in TLS 1.3 it is the client.
    var pair = try EnginePair.connected(version, handshake: false)
    _ = try pair.server.feed(pair.client.drain())
    _ = try pair.client.feed(pair.server.drain())
    if version == .tls12 {
      _ = try pair.server.feed(pair.client.drain())
      #expect(try pair.server.write("early".utf8) == .done(5))
      _ = try pair.client.feed(pair.server.drain())
      #expect(try pair.client.handshake() == .done)
      #expect(try pair.client.read(upTo: 100) == .done(Array("early".utf8)))
    } else {
      #expect(try pair.client.write("early".utf8) == .done(5))
      _ = try pair.server.feed(pair.client.drain())
      #expect(try pair.server.handshake() == .done)
      #expect(try pair.server.read(upTo: 100) == .done(Array("early".utf8)))
    }
  }

  @Test(arguments: TLSVersion.both)
  func `both directions flow at once`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    var random = SplitMix(seed: 11)
    let up = pattern(200_000, seed: 1)
    let down = pattern(200_000, seed: 2)
    var sent = (up: 0, down: 0)
    var received: (up: [UInt8], down: [UInt8]) = ([], [])
    for _ in 0..<10_000 where received.up.count < up.count || received.down.count < down.count {
      let size = Int.random(in: 1...20_000, using: &random)
      sent.up += try pair.client.write(up[sent.up..<min(sent.up + size, up.count)]).value ?? 0
      sent.down += try pair.server.write(down[sent.down..<min(sent.down + size / 2 + 1, down.count)]).value ?? 0
      pair.step()
      received.up += try pair.server.readAll()
      received.down += try pair.client.readAll()
    }
    #expect(received.up == up)
    #expect(received.down == down)
  }

  @Test(arguments: TLSVersion.both)
  func `it may be abandoned at any byte of the client's hello`(version: TLSVersion) throws {
    var whole = try EnginePair.connected(version, handshake: false)
    let hello = whole.client.drain()
    for count in stride(from: 0, through: hello.count, by: 29) {
      var pair = try EnginePair.connected(version, handshake: false)
      #expect(try pair.server.feed(hello[..<count]) == count)
      #expect(pair.server.failure == nil)
      #expect(try pair.server.closeWriting() == .done)
      #expect(pair.server.needs.isSubset(of: .drain))
    }
  }

  /// Abandons the handshake of an engine.
  ///
  /// - Returns: A description of each deviation from what is expected before, during and after that.
  private func abandon(_ engine: inout TLSEngine) throws -> [String] {
    var faults: [String] = []
    if engine.failure != nil || engine.needs != .feed { faults.append("before it needs \(engine.needs)") }
    for _ in 0..<2 {
      let closed = try engine.closeWriting()
      if !(closed == .done) || !engine.needs.isSubset(of: .drain) { faults.append("\(closed), needs \(engine.needs)") }
    }
    if let failure = engine.failure { faults.append("\(failure)") }
    if engine.negotiated != nil { faults.append("parameters were negotiated") }
    // Neither an alert nor a close_notify.
    if !engine.drain().isEmpty || engine.needs != [] { faults.append("something is sent or needed") }
    return faults
  }

  /// Each side in the middle of the other's last flight: the server's first, or the client's second, with a
  /// certificate.
  ///
  /// libssl processes whole records, so the places in the body of one are alike: a few stand for all.
  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `it may be abandoned at any byte of a flight`(version: TLSVersion, side: TLSRole) throws {
    // Signatures of a fixed length make flights of a fixed length.
    var (client, server) = try EnginePair.configurations(version: version, identity: Self.fixedLength)
    try EnginePair.authenticateClient(&client, &server, .client(key: .ed25519))
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    func beforeFlight() throws -> EnginePair {
      var pair = try EnginePair(client: contexts.client, server: contexts.server)
      _ = try pair.server.feed(pair.client.drain())
      if side == .server { _ = try pair.client.feed(pair.server.drain()) }
      return pair
    }
    var whole = try beforeFlight()
    let flight = whole[side.peer].drain()
    #expect(flight.count > 500)
    var places: Set<Int> = []
    var start = 0
    for length in recordLengths(flight) {
      // The header, the first bytes, the middle and the last bytes of each record.
      for place in [0, 1, 2, 3, 4, 5, 6, length / 2, length - 2, length - 1] where place >= 0 && place < length {
        places.insert(start + place)
      }
      start += length
    }
    for place in places.sorted() {
      var pair = try beforeFlight()
      let bytes = pair[side.peer].drain()
      #expect(bytes.count == flight.count)
      #expect(try pair[side].feed(bytes[..<place]) == place)
      let faults = try abandon(&pair[side])
      #expect(faults == [], "byte \(place) of \(bytes.count)")
      if !faults.isEmpty { break }
    }
  }

  private static let fixedLength = TestAuthority(key: .ed25519).issue(names: ["localhost"], key: .ed25519)

  // MARK: Large hellos

  @Test(arguments: TLSVersion.both)
  func `a ClientHello of many records is accepted`(version: TLSVersion) throws {
    let protocols = (0..<1500).map { "protocol-number-\($0)" }
    let pair = try EnginePair.connected(version) { client, server in
      client.applicationProtocols = protocols
      server.applicationProtocols = [protocols[1499]]
    }
    #expect(pair.server.negotiated?.applicationProtocol == protocols[1499])
  }

  @Test(arguments: TLSVersion.both)
  func `a handshake beyond its limit is refused`(version: TLSVersion) throws {
    let limits = TLSEngine.Limits.with { $0.handshakeInputByteCount = 4096 }
    var pair = try EnginePair.connected(version, handshake: false, limits: limits) { client, _ in
      client.applicationProtocols = (0..<500).map { "protocol-number-\($0)" }
    }
    let error = thrownError { try pair.handshake() }
    #expect(error?.code == .limitExceeded)
    #expect(error?.blame == .peer)
    #expect(error?.hint.contains("limits.handshakeInputByteCount, 4096") == true)
  }

  @Test func `a ClientHello longer than libssl accepts is refused`() throws {
    var pair = try EnginePair.connected(handshake: false)
    let error = thrownError { _ = try pair.server.feed([22, 3, 1, 0, 4, 1, 0x0f, 0xff, 0xff]) }
    #expect(error?.code == .protocolViolation)
    #expect(error?.alertSent == .illegalParameter)
    #expect(recordTypes(pair.server.drain()) == [21])
  }

  // MARK: What is not TLS

  @Test(arguments: [
    ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "https"), ("SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
    ("220 mail.example ESMTP\r\n", "STARTTLS"), ("\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}", "not TLS"),
    ("HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
  ])
  func `plaintext or invalid bytes instead of a ClientHello are an error that names the likely protocol`(
    text: String, hint: String
  ) throws {
    for side in TLSRole.allCases {
      var pair = try EnginePair.connected(handshake: false)
      _ = pair.client.drain()
      let error = thrownError {
        _ = try pair[side].feed(text.utf8.map { $0 })
      }
      #expect(error?.code == .notTLS)
      #expect(error?.blame == .peer)
      #expect(error?.hint.contains(hint) == true)
    }
  }

  @Test func `a handshake that does not begin with a ClientHello is refused`() throws {
    var pair = try EnginePair.connected(handshake: false)
    // An unencrypted Finished message.
    let error = thrownError {
      _ = try pair.server.feed([22, 3, 3, 0, 16, 20, 0, 0, 12] + [UInt8](repeating: 0, count: 12))
    }
    #expect(error?.code == .protocolViolation)
    #expect(error?.alertSent == .unexpectedMessage)
  }

  @Test(arguments: TLSVersion.both)
  func `unencrypted application data before the handshake is refused and not delivered`(version: TLSVersion) throws {
    for side in TLSRole.allCases {
      var pair = try EnginePair.connected(version, handshake: false)
      _ = pair.client.drain()
      let record: [UInt8] = [23, 3, 3, 0, 3, 1, 2, 3]
      let error = thrownError { _ = try pair[side].feed(record) }
      #expect(error?.blame == .peer)
      #expect(thrownError { _ = try pair[side].read(upTo: 3) } == error)
    }
  }

  // MARK: The transport's end

  @Test(arguments: TLSVersion.both)
  func `the transport's end during any flight of the handshake is a truncation`(version: TLSVersion) throws {
    for flights in 0..<3 {
      for side in TLSRole.allCases {
        var pair = try EnginePair.connected(version, handshake: false)
        for number in 0..<flights {
          if number % 2 == 0 {
            _ = try pair.server.feed(pair.client.drain())
          } else {
            _ = try pair.client.feed(pair.server.drain())
          }
        }
        let isDone = pair[side].negotiated != nil
        if isDone { continue }
        pair[side].feedEOF()
        let failure = pair[side].failure
        #expect(failure?.code == .truncated)
        #expect(failure?.blame == .peer)
        #expect(failure?.verification == nil)
        #expect(failure?.hint.contains("transport ended") == true)
        #expect(pair[side].needs.contains(.feed) == false)
        for _ in 0..<3 {
          #expect(
            thrownError { _ = try pair[side].handshake() }?.code
              == .truncated)
        }
      }
    }
  }

  @Test func `the transport's end inside a handshake record is reported as such`() throws {
    var pair = try EnginePair.connected(handshake: false)
    let hello = pair.client.drain()
    _ = try pair.server.feed(hello[..<(hello.count / 2)])
    pair.server.feedEOF()
    #expect(pair.server.failure?.code == .truncated)
    #expect(pair.server.failure?.isMidRecord == true)
  }

  // MARK: Unencrypted alerts, damaged messages

  @Test(arguments: TLSVersion.both)
  func `an unencrypted fatal alert is accepted while the handshake is unencrypted`(version: TLSVersion) throws {
    let alert: [UInt8] = [21, 3, 3, 0, 2, 2, 40]
    var first = try EnginePair.connected(version, handshake: false)
    let atClient = thrownError { _ = try first.client.feed(alert) }
    #expect(atClient?.code == .alertReceived)
    #expect(atClient?.alertReceived == .handshakeFailure)
    var second = try EnginePair.connected(version, handshake: false)
    _ = try second.server.feed(second.client.drain())
    let atServer = thrownError { _ = try second.server.feed(alert) }
    #expect(atServer?.code == .alertReceived)
    #expect(atServer?.alertReceived == .handshakeFailure)
  }

  @Test func `an alert before any ClientHello is refused`() throws {
    var pair = try EnginePair.connected(handshake: false)
    let error = thrownError { _ = try pair.server.feed([21, 3, 3, 0, 2, 2, 40]) }
    #expect(error?.code == .protocolViolation)
    #expect(error?.alertSent == .unexpectedMessage)
  }

  @Test(arguments: TLSVersion.both)
  func `an unencrypted alert is refused once the connection is encrypted`(version: TLSVersion) throws {
    for side in TLSRole.allCases {
      var pair = try EnginePair.connected(version)
      try pair.settle()
      let error = thrownError {
        _ = try pair[side].feed([21, 3, 3, 0, 2, 2, 40])
        _ = try pair[side].read(upTo: 1)
      }
      #expect(error?.code == .protocolViolation)
      #expect(error?.alertReceived == nil)
      #expect(error?.alertSent != nil)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a damaged Finished ends the handshake on both sides`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    _ = try pair.server.feed(pair.client.drain())
    _ = try pair.client.feed(pair.server.drain())
    var flight = pair.client.drain()
    flight[flight.count - 1] ^= 1
    let error = thrownError { _ = try pair.server.feed(flight) }
    #expect(error?.code == .protocolViolation)
    #expect(error?.alertSent == .badRecordMAC)
    _ = try? pair.client.feed(pair.server.drain())
    #expect(thrownError { _ = try pair.client.read(upTo: 1) }?.alertReceived == .badRecordMAC)
  }

  @Test(arguments: TLSVersion.both)
  func `a ChangeCipherSpec with a value other than 1 is refused`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    _ = try pair.server.feed(pair.client.drain())
    _ = try pair.client.feed(pair.server.drain())
    var flight = pair.client.drain()
    var start = 0
    for length in recordLengths(flight) {
      if flight[start] == Self.changeCipherSpec { flight[start + 5] = 2 }
      start += length
    }
    let error = thrownError { _ = try pair.server.feed(flight) }
    #expect(error?.code == .protocolViolation)
    #expect([.unexpectedMessage, .illegalParameter].contains(error?.alertSent))
  }

  @Test(arguments: TLSVersion.both)
  func `a ChangeCipherSpec after the handshake is refused`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    _ = try pair.server.feed([20, 3, 3, 0, 1, 1])
    let error = thrownError { _ = try pair.server.read(upTo: 1) }
    #expect(error?.code == .protocolViolation)
    #expect(error?.alertSent != nil)
  }

  /// Warnings may be sent unencrypted before the keys change.
  @Test func `no number of warnings displaces the completion of the handshake`() throws {
    let limits = TLSEngine.Limits.with { $0.queuedEventCount = 4 }
    var pair = try EnginePair.connected(.tls12, handshake: false, limits: limits)
    _ = try pair.server.feed(pair.client.drain())
    _ = try pair.client.feed(pair.server.drain())
    let warnings = Array(repeating: [21, 3, 3, 0, 2, 1, 90] as [UInt8], count: 4).joined()
    _ = try pair.server.feed(Array(warnings) + pair.client.drain())
    #expect(pair.server.negotiated != nil)
    #expect(pair.server.allEvents().contains("handshakeCompleted"))
  }
}
