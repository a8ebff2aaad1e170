import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// Rows 1 to 21 of the second table of the page OpenSSLFacts: what libssl does with early data.
@Suite(.tags(.openSSLFact))
struct EarlyDataFactTests {
  private static let misplaced = EarlyPair.Step.failed("called a function you should not call")

  // MARK: A client

  /// Row 1.
  @Test func `a write of no bytes sends the ClientHello, and each further one adds a record`() {
    let pair = EarlyPair()
    #expect(pair.writeEarly(0) == .done(0))
    // The ClientHello and a change_cipher_spec.
    let hello = pair.drain(.client)
    #expect(recordLengths(hello).count == 2)
    #expect(hello.first == 22)
    for count in [5, 1, 16_000] {
      #expect(pair.writeEarly(count) == .done(count))
      let record = pair.drain(.client)
      #expect(recordLengths(record) == [count + 22])
      #expect(record.first == 23)
    }
  }

  /// Row 2.
  @Test func `the first step of the handshake ends early writing, without harm`() {
    let pair = EarlyPair()
    #expect(pair.writeEarly(4) == .done(4))
    #expect(pair.handshake(.client) == .wantsRead)
    #expect(pair.writeEarly(4) == Self.misplaced)
    pair.move(from: .client)
    #expect(pair.readEarly() == .done(4))
    pair.move(from: .server)
    #expect(pair.writeEarly(4) == Self.misplaced)
    #expect(pair.handshake(.client) == .done(0))
    // EndOfEarlyData and Finished.
    #expect(recordLengths(pair.drain(.client)).count == 2)
  }

  /// Row 2.
  @Test func `the server's flight may lie in the buffer while a client writes early`() {
    let pair = EarlyPair()
    #expect(pair.writeEarly(4) == .done(4))
    pair.move(from: .client)
    #expect(pair.readEarly() == .done(4))
    pair.move(from: .server)
    #expect(pair.writeEarly(3) == .done(3))
    #expect(pair.finish() == (.done(0), .done(0)))
    #expect(pair.received.count == 7)
  }

  /// Row 3. So the engine's client never reads in that state.
  @Test func `a read among early writes is fatal if the session is declined`() {
    let pair = EarlyPair()
    #expect(pair.writeEarly(4) == .done(4))
    unsafe SSL_set_max_early_data(pair.server, 0)
    pair.move(from: .client)
    #expect(pair.readEarly() == .finished)
    pair.move(from: .server)
    // Rejected, but resumed: it does no harm.
    #expect(pair.read(.client) == .wantsRead)
    #expect(pair.handshake(.client) == .done(0))

    // A session that the server does not find.
    let declining = EarlyPair(hasAntiReplay: true)
    #expect(declining.writeEarly(4) == .done(4))
    unsafe SSL_CTX_flush_sessions(SSL_get_SSL_CTX(declining.server), Int.max)
    declining.move(from: .client)
    #expect(declining.readEarly() == .finished)
    declining.move(from: .server)
    #expect(declining.read(.client) == (LibraryVersion.hasNewRecordLayer ? .wantsRead : .failed("internal error")))
  }

  /// Row 4.
  @Test func `a full buffer takes all or nothing of an early write, which is to be repeated`() {
    let pair = EarlyPair(ringSize: 1_000)
    var steps: [EarlyPair.Step] = []
    while steps.last != .done(3_000), steps.count < 10 {
      steps.append(pair.writeEarly(3_000))
      if steps.last != .done(3_000) { #expect(pair.drain(.client).count == 1_000) }
    }
    #expect(steps.count > 3)
    #expect(steps.dropLast().allSatisfy { $0 == .wantsWrite })
    #expect(steps.last == .done(3_000))
  }

  /// Row 5.
  @Test func `a handshake over an early write that waits never completes`() {
    let pair = EarlyPair(ringSize: 1_000)
    #expect(pair.writeEarly(3_000) == .wantsWrite)
    #expect(pair.handshake(.client) == .wantsRead)
    var steps: [EarlyPair.Step] = []
    for _ in 0..<20 {
      if pair.move(from: .client) == 0 { _ = pair.handshake(.client) }
      steps.append(pair.readEarly())
      pair.move(from: .server)
    }
    #expect(!steps.contains(.finished))
    if !LibraryVersion.hasNewRecordLayer { #expect(steps.contains(.failed("bad record type"))) }
  }

  /// Row 6.
  @Test func `more than the session allows is fatal on the client's side`() {
    let pair = EarlyPair()
    // The ClientHello of a later libssl is large, and leaves no room for all at once.
    for _ in 0..<2 {
      #expect(pair.writeEarly(8_000) == .done(8_000))
      _ = pair.drain(.client)
    }
    #expect(pair.writeEarly(385) == .failed("too much early data"))
    // The alert: fatal, internal_error. The record layer of OpenSSL 3.2 and later encrypts it.
    let alert = pair.drain(.client)
    if LibraryVersion.hasNewRecordLayer {
      #expect(alert.first == 23)
      #expect(alert.count == 5 + 3 + 16)
    } else {
      #expect(alert == [21, 3, 3, 0, 2, 2, 80])
    }
  }

  /// Row 7.
  @Test func `a session that allows none, and no session, refuse early data without harm`() {
    let pair = EarlyPair(sessionMaximum: 0)
    #expect(pair.writeEarly(4) == Self.misplaced)
    #expect(pair.finish() == (.done(0), .done(0)))
    #expect(pair.isResumed)
    pair.restart(offersSession: false)
    #expect(pair.writeEarly(0) == Self.misplaced)
    #expect(pair.finish() == (.done(0), .done(0)))
  }

  /// Row 8.
  @Test func `a server name or a protocol that is not the session's is fatal on the client's side`() {
    let named = EarlyPair(sessionName: "a.example")
    #expect(named.writeEarly(4) == .failed("inconsistent early data sni"))
    let spoken = EarlyPair(sessionProtocol: "h2")
    #expect(spoken.writeEarly(4) == .failed("inconsistent early data alpn"))
  }

  /// Row 9.
  @Test func `an expired session is not offered, and its early data is sent in vain`() {
    let pair = EarlyPair(sessionAge: 8_000)
    #expect(pair.writeEarly(4) == .done(4))
    #expect(pair.finish() == (.done(0), .done(0)))
    #expect(pair.received.isEmpty)
    #expect(!pair.isResumed)
    #expect(!pair.isAccepted(.client))
  }

  /// Row 10.
  @Test func `a client's status says rejected until the server has accepted`() {
    let pair = EarlyPair()
    #expect(unsafe SSL_get_early_data_status(pair.client) == SSL_EARLY_DATA_NOT_SENT)
    #expect(pair.writeEarly(4) == .done(4))
    #expect(unsafe SSL_get_early_data_status(pair.client) == SSL_EARLY_DATA_REJECTED)
    pair.move(from: .client)
    #expect(pair.readEarly() == .done(4))
    pair.move(from: .server)
    #expect(!pair.isAccepted(.client))
    #expect(pair.handshake(.client) == .done(0))
    #expect(pair.isAccepted(.client))
  }

  /// Row 10.
  @Test func `a request to repeat the hello rejects early data, and nothing else`() {
    let pair = EarlyPair()
    var groups = "P-384".utf8CString.map { $0 }
    unsafe SSL_ctrl(pair.server, SSL_CTRL_SET_GROUPS_LIST, 0, &groups)
    #expect(pair.writeEarly(4) == .done(4))
    #expect(pair.finish() == (.done(0), .done(0)))
    #expect(!pair.isAccepted(.client))
    #expect(pair.received.isEmpty)
  }

  /// Row 15. The engine waits for its own Finished.
  @Test func `after a request to repeat the hello a server that writes early writes plaintext`() {
    let pair = EarlyPair()
    pair.restart(offersSession: false)
    var groups = "P-384".utf8CString.map { $0 }
    unsafe SSL_ctrl(pair.server, SSL_CTRL_SET_GROUPS_LIST, 0, &groups)
    #expect(pair.handshake(.client) == .wantsRead)
    pair.move(from: .client)
    #expect(pair.readEarly() == .finished)
    #expect(!pair.drain(.server).isEmpty)
    #expect(unsafe SSL_get_finished(pair.server, nil, 0) == 0)
    #expect(pair.writeEarly(2, from: .server) == .done(2))
    #expect(pair.drain(.server) == [23, 3, 3, 0, 2, 7, 7])
  }

  /// Row 11.
  @Test func `a server of TLS 1_2 ends a connection with early data by unexpected_message`() {
    let pair = EarlyPair()
    unsafe SSL_ctrl(pair.client, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
    unsafe SSL_ctrl(pair.server, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
    unsafe SSL_ctrl(pair.server, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
    #expect(pair.writeEarly(4) == .done(4))
    pair.move(from: .client)
    #expect(pair.handshake(.server) == .failed("unexpected message"))
    pair.move(from: .server)
    guard case .failed(let reason) = pair.handshake(.client) else { return #expect(Bool(false)) }
    #expect(reason.contains("alert unexpected message"))
  }

  // MARK: A server

  /// Row 12.
  @Test func `each record is a result, and EndOfEarlyData the last one`() {
    let pair = EarlyPair()
    #expect(pair.writeEarly(5) == .done(5))
    #expect(pair.writeEarly(6) == .done(6))
    var results: [EarlyPair.Step] = []
    while pair.move(from: .client, upTo: 1) > 0 {
      let step = pair.readEarly()
      if step != .wantsRead { results.append(step) }
    }
    #expect(results == [.done(5), .done(6)])
    pair.move(from: .server)
    #expect(pair.handshake(.client) == .done(0))
    while results.last != .finished, pair.move(from: .client, upTo: 1) > 0 {
      let step = pair.readEarly()
      if step != .wantsRead { results.append(step) }
    }
    #expect(results == [.done(5), .done(6), .finished])
    #expect(pair.readEarly() == Self.misplaced)
  }

  /// Row 12.
  @Test func `without early data the result comes with the first flight`() {
    let pair = EarlyPair()
    #expect(pair.handshake(.client) == .wantsRead)
    pair.move(from: .client)
    #expect(pair.readEarly() == .finished)
    #expect(pair.pendingCount(.server) > 200)
    #expect(pair.finish() == (.done(0), .done(0)))
  }

  /// Row 13.
  @Test func `a server whose first call is the handshake discards early data`() {
    let pair = EarlyPair()
    #expect(pair.writeEarly(4) == .done(4))
    pair.move(from: .client)
    #expect(pair.handshake(.server) == .wantsRead)
    #expect(pair.readEarly() == Self.misplaced)
    #expect(pair.finish() == (.done(0), .done(0)))
    #expect(pair.received.isEmpty)
    #expect(!pair.isAccepted(.client))
  }

  /// Row 14.
  @Test func `between two results a server may only read early`() {
    let stepped = EarlyPair()
    for _ in 0..<2 { #expect(stepped.writeEarly(5) == .done(5)) }
    stepped.move(from: .client)
    #expect(stepped.readEarly() == .done(5))
    guard case .failed = stepped.handshake(.server) else { return #expect(Bool(false)) }

    let read = EarlyPair()
    for _ in 0..<2 { #expect(read.writeEarly(5) == .done(5)) }
    read.move(from: .client)
    #expect(read.readEarly() == .done(5))
    // Early data as if it were ordinary.
    #expect(read.read(.server) == .done(5))

    let written = EarlyPair()
    for _ in 0..<2 { #expect(written.writeEarly(5) == .done(5)) }
    written.move(from: .client)
    #expect(written.readEarly() == .done(5))
    #expect(written.write(3, from: .server) == Self.misplaced)
    #expect(written.readEarly() == .done(5))
  }

  /// Row 15.
  @Test(arguments: [true, false])
  func `a server can write early from the first result on`(hasEarlyData: Bool) {
    let pair = EarlyPair()
    if hasEarlyData { #expect(pair.writeEarly(4) == .done(4)) }
    if !hasEarlyData { #expect(pair.handshake(.client) == .wantsRead) }
    pair.move(from: .client)
    #expect(pair.readEarly() == (hasEarlyData ? .done(4) : .finished))
    #expect(pair.writeEarly(6, from: .server) == .done(6))
    pair.move(from: .server)
    #expect(pair.handshake(.client) == .done(0))
    #expect(pair.read(.client) == .done(6))
  }

  /// Row 15. The early data that the server has accepted arrives after that, or never.
  @Test(arguments: [true, false])
  func `a server can write early from its flight on, before the first result`(sendsEarlyData: Bool) {
    let pair = EarlyPair()
    #expect(pair.writeEarly(0) == .done(0))
    pair.move(from: .client)
    #expect(pair.readEarly() == .wantsRead)
    #expect(pair.writeEarly(10, from: .server) == .done(10))
    if sendsEarlyData {
      #expect(pair.writeEarly(5) == .done(5))
      pair.move(from: .client)
      #expect(pair.readEarly() == .done(5))
      #expect(pair.writeEarly(10, from: .server) == .done(10))
    }
    let steps = pair.finish()
    #expect(steps.client == .done(0))
    #expect(steps.server == .done(0))
    #expect(pair.isAccepted(.client))
    #expect(pair.received.count == (sendsEarlyData ? 5 : 0))
    #expect(pair.read(.client) == .done(10))
  }

  /// Row 15. A client's early write switches partial writes off.
  @Test func `with partial writes each early write of a server is one record`() {
    let pair = EarlyPair()
    #expect(pair.handshake(.client) == .wantsRead)
    pair.move(from: .client)
    #expect(pair.readEarly() == .finished)
    pair.move(from: .server)
    unsafe SSL_ctrl(pair.server, SSL_CTRL_SET_MAX_SEND_FRAGMENT, 512, nil)
    #expect(pair.writeEarly(1_200, from: .server) == .done(512))
    #expect(pair.writeEarly(600, from: .server) == .done(512))
  }

  /// Row 15.
  @Test func `a server that has begun with the handshake cannot write early`() {
    let pair = EarlyPair()
    #expect(pair.handshake(.client) == .wantsRead)
    pair.move(from: .client)
    #expect(pair.handshake(.server) == .wantsRead)
    #expect(pair.writeEarly(6, from: .server) == Self.misplaced)
    #expect(pair.write(6, from: .server) == .wantsRead)
  }

  /// Row 16.
  @Test func `a suspended ClientHello holds early data, and the limit can be set meanwhile`() {
    let pair = EarlyPair()
    let isAnswered = UnsafeMutablePointer<Bool>.allocate(capacity: 1)
    unsafe isAnswered.initialize(to: false)
    defer { unsafe isAnswered.deallocate() }
    unsafe SSL_CTX_set_client_hello_cb(
      SSL_get_SSL_CTX(pair.server),
      { _, _, argument in
        unsafe argument!.assumingMemoryBound(to: Bool.self).pointee
          ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_RETRY
      }, isAnswered)
    unsafe SSL_set_max_early_data(pair.server, 0)
    #expect(pair.writeEarly(4) == .done(4))
    pair.move(from: .client)
    for _ in 0..<2 { #expect(pair.readEarly() == .wantsAnswer) }
    // The other context has another limit, which does not count.
    let other = EarlyPair()
    unsafe SSL_set_SSL_CTX(pair.server, SSL_get_SSL_CTX(other.server))
    #expect(unsafe SSL_get_max_early_data(pair.server) == 0)
    unsafe SSL_set_max_early_data(pair.server, EarlyPair.maximum)
    unsafe isAnswered.pointee = true
    #expect(pair.readEarly() == .done(4))
  }

  /// Row 17.
  @Test func `the callback that allows early data knows of the resumption, and 0 rejects and resumes`() {
    let pair = EarlyPair()
    let calls = UnsafeMutablePointer<(count: Int, resumed: Int)>.allocate(capacity: 1)
    unsafe calls.initialize(to: (0, 0))
    defer { unsafe calls.deallocate() }
    unsafe SSL_set_allow_early_data_cb(
      pair.server,
      { ssl, argument in
        let calls = unsafe argument!.assumingMemoryBound(to: (count: Int, resumed: Int).self)
        unsafe calls.pointee.count += 1
        unsafe calls.pointee.resumed += Int(SSL_session_reused(ssl))
        return 0
      }, calls)
    #expect(pair.writeEarly(4) == .done(4))
    #expect(pair.finish() == (.done(0), .done(0)))
    #expect(unsafe calls.pointee == (1, 1))
    #expect(pair.isResumed)
    #expect(!pair.isAccepted(.client))
    #expect(pair.received.isEmpty)
  }

  /// Row 18.
  @Test func `libssl's protection keeps the session in memory, and resumes it once`() {
    let pair = EarlyPair(hasAntiReplay: true)
    // The ticket is the name of a session.
    var ticket: UnsafePointer<UInt8>?
    var count = 0
    unsafe SSL_SESSION_get0_ticket(pair.session, &ticket, &count)
    #expect(count == 32)
    #expect(pair.writeEarly(4) == .done(4))
    #expect(pair.finish() == (.done(0), .done(0)))
    #expect(pair.isAccepted(.client))
    pair.restart()
    #expect(pair.writeEarly(4) == .done(4))
    #expect(pair.finish() == (.done(0), .done(0)))
    #expect(!pair.isResumed)
    #expect(pair.received.isEmpty)
    // Without it the same session is accepted again, and its ticket is the whole session.
    let stateless = EarlyPair()
    unsafe SSL_SESSION_get0_ticket(stateless.session, &ticket, &count)
    #expect(count > 100)
    for _ in 0..<2 {
      #expect(stateless.writeEarly(4) == .done(4))
      #expect(stateless.finish() == (.done(0), .done(0)))
      #expect(stateless.received.count == 4)
      stateless.restart()
    }
  }

  /// Row 19.
  @Test func `a ticket that is younger than the client says is resumed without early data`() {
    let pair = EarlyPair(sessionAge: 5)
    #expect(pair.writeEarly(4) == .done(4))
    #expect(pair.finish() == (.done(0), .done(0)))
    #expect(pair.isResumed)
    #expect(!pair.isAccepted(.client))
  }

  /// Row 20.
  @Test(arguments: [true, false])
  func `more than the server's limit for receiving is fatal, also where it is skipped`(isAccepted: Bool) {
    let pair = EarlyPair()
    unsafe SSL_set_recv_max_early_data(pair.server, 100)
    if !isAccepted { unsafe SSL_set_max_early_data(pair.server, 0) }
    #expect(pair.writeEarly(4_000) == .done(4_000))
    pair.move(from: .client)
    #expect(pair.readEarly() == (isAccepted ? .failed("too much early data") : .finished))
    if !isAccepted { #expect(pair.handshake(.server) == .failed("too much early data")) }
  }

  /// Row 20. The server has no keys yet, and takes them for plaintext: a type and a tag make these too long.
  @Test(arguments: [16_367, 16_368])
  func `after a request to repeat the hello full early records are fatal`(count: Int) {
    let pair = EarlyPair(ringSize: 40_000)
    var groups = "P-384".utf8CString.map { $0 }
    unsafe SSL_ctrl(pair.server, SSL_CTRL_SET_GROUPS_LIST, 0, &groups)
    #expect(pair.writeEarly(count) == .done(count))
    #expect(pair.finish().server == (count == 16_367 ? .done(0) : .failed("")))
  }

  /// Row 21.
  @Test func `early data of a pre-shared key is accepted as often as it comes`() {
    let pair = PreSharedPair()
    pair.allowEarlyData(client: 1_000, server: 1_000, context: 1_000)
    let flight = pair.writeEarly([1, 2, 3])
    #expect(pair.readEarly() == ([1, 2, 3], 0))
    let victim = PreSharedPair()
    victim.allowEarlyData(client: 0, server: 1_000, context: 1_000)
    victim.sendToServer(flight)
    #expect(victim.readEarly() == ([1, 2, 3], 0))
  }

  /// Row 21.
  @Test func `a server's pre-shared key with a lesser limit than the server's is fatal`() {
    let pair = PreSharedPair()
    pair.allowEarlyData(client: 1_000, server: 0, context: 1_000)
    _ = pair.writeEarly([1, 2, 3])
    #expect(pair.readEarly() == ([], SSL_R_TOO_MUCH_EARLY_DATA))
    #expect(unsafe SSL_get_early_data_status(pair.server) == SSL_EARLY_DATA_ACCEPTED)
  }
}
