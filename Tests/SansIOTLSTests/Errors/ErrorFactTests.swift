import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 5, 6, 7 and 23 of the page OpenSSLFacts: how libssl reports an end, and what the engine reports.
@Suite(.tags(.openSSLFact))
struct ErrorFactTests {
  /// Row 5. A stale entry turns an idle WANT_READ into SSL_ERROR_SSL or SYSCALL.
  @Test(arguments: TLSVersion.both)
  func `an idle read beside a stale error is idle`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    for byte: UInt8 in [23, 3, 3] {
      #expect(thrownError { _ = try TLSCertificate(der: [1]) } != nil)
      // Another user of libcrypto on this thread, which leaves its entries as most do.
      #expect(unsafe BIO_new_file("/nonexistent/file", "r") == nil)
      #expect(ERR_peek_error() != 0)
      #expect(try pair.client.feed([byte]) == 1)
      #expect(try pair.client.read(upTo: 1) == .needsFeed)
    }
    #expect(pair.client.failure == nil)
    ERR_clear_error()
  }

  /// Row 6. The call after a fatal alert reports ZERO_RETURN, which looks like a clean end.
  @Test(arguments: TLSVersion.both)
  func `a fatal alert never turns into the end of the stream`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = thrownError { _ = try pair.client.absorb(corruptRecord) }
    _ = try pair.server.feed(pair.client.drain())
    for _ in 0..<5 {
      let error = thrownError { _ = try pair.server.read(upTo: 1) }
      #expect(error?.code == .alertReceived)
      #expect(error?.alertReceived == .badRecordMAC)
    }
    #expect(!pair.server.allEvents().contains("peerClosed"))
  }

  /// Row 7. An end without close_notify is libssl's reason 294 once, then SYSCALL; the engine reports it repeatedly.
  @Test(.tags(.behaviour), arguments: TLSVersion.both, TLSRole.allCases)
  func `an end without close_notify is a truncation, however often it is read`(
    version: TLSVersion, side: TLSRole
  ) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    pair[side].feedEOF()
    #expect(pair[side].needs == [.read])
    let errors = (0..<3).map { _ in thrownError { _ = try pair[side].read(upTo: 1) } }
    #expect(errors.allSatisfy { $0?.code == .truncated && $0?.blame == .peer && $0?.isMidRecord == false })
    #expect(errors[0]?.openSSLErrors.first?.reasonCode == 294)
  }

  /// Row 23. Plaintext to a server, or to a client: libssl sends no alert, and its reason is misleading.
  @Test(
    arguments: [
      ("GET / HTTP/1.1\r\n\r\n", "HTTP"), ("CONNECT example:443 HTTP/1.1\r\n\r\n", "HTTP"),
      ("HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"), ("SSH-2.0-OpenSSH_9.2p1\r\n", "SSH"),
      ("220 mail.example ESMTP\r\n", "STARTTLS"), ("complete nonsense, but long", "not TLS"),
    ])
  func `plaintext of another protocol is named in the hint`(text: String, word: String) throws {
    for side in TLSRole.allCases {
      var pair = try EnginePair.connected(handshake: false)
      _ = pair.client.drain()
      let error = thrownError { _ = try pair[side].feed(Array(text.utf8)) }
      #expect(error?.code == .notTLS)
      #expect(error?.blame == .peer)
      #expect(error?.hint.contains(word) == true, "\(error as Any)")
      #expect(error?.alertSent == nil, "\(side): \(error as Any)")
      #expect(pair[side].drain().isEmpty, "\(side): no record disturbs a peer that does not speak TLS")
    }
  }

  /// Row 23. A server's libssl recognizes a request by its method: `http request`.
  @Test(arguments: [("GET / HTTP/1.0\r\n", 156), ("POST / HTTP/1.1\r\n", 156), ("CONNECT a:443 HTTP/1.1\r\n", 155)])
  func `an HTTP request in plaintext is reported by libssl's reason`(text: String, reason: Int) throws {
    var pair = try EnginePair.connected(handshake: false)
    let error = thrownError { _ = try pair.server.feed(Array(text.utf8)) }
    #expect(error?.openSSLErrors.map(\.reasonCode) == [reason], "\(error as Any)")
  }

  /// Row 23. Bytes of no known protocol are still an error at once, not a wait for more.
  @Test
  func `garbage before the handshake fails at once`() throws {
    var pair = try EnginePair.connected(handshake: false)
    let error = thrownError { _ = try pair.server.feed([UInt8](repeating: 0, count: 11)) }
    #expect(error?.code == .notTLS)
    #expect(error?.alertSent == nil, "\(error as Any)")
    #expect(pair.server.drain().isEmpty)
  }
}
