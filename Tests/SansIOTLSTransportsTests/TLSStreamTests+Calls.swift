import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Concurrent calls, calls cancelled before they begin, and calls without effect.
extension TLSStreamTests {
  @Test func `a second writer is refused, and the first continues`() async throws {
    let (client, server) = try pair()
    try await withThrowingTaskGroup(of: Result<Void, TLSStreamError>.self) { group in
      for _ in 0..<2 {
        group.addTask {
          do throws(TLSStreamError) { return .success(try await client.write([9])) } catch { return .failure(error) }
        }
      }
      let sentAway = try #require(try await group.next())
      let error = #expect(throws: TLSStreamError.self) { try sentAway.get() }
      #expect(error?.code == .concurrentCall)
      #expect(try await server.read() == [9])
      try await group.next()?.get()
    }
  }

  @Test func `an empty write is no error and sends no record`() async throws {
    let (client, server, transport, _) = try await connected { FailingTransport($0) }
    try await client.write([])
    let before = transport.sendsLeft
    try await client.write([])
    #expect(transport.sendsLeft == before)
    withExtendedLifetime(server) {}
  }

  @Test func `the next call continues a cancelled handshake`() async throws {
    let (client, server) = try pair()
    for number in 0..<20 {
      let making = Task { try await client.handshake() }
      if number % 2 == 0 { await Task.yield() }
      making.cancel()
      let error = await #expect(throws: TLSStreamError.self) { try await making.value }
      #expect(error?.code == .cancelled)
    }
    async let received = server.read()
    try await client.write([1])
    #expect(try await received == [1])
  }

  @Test func `a task cancelled before its call changes nothing`() async throws {
    let (client, server) = try pair()
    let calling = Task {
      while !Task.isCancelled { await Task.yield() }
      var codes: [TLSStreamError.Code] = []
      do throws(TLSStreamError) { try await client.handshake() } catch { codes.append(error.code) }
      do throws(TLSStreamError) { _ = try await client.read() } catch { codes.append(error.code) }
      do throws(TLSStreamError) { try await client.close() } catch { codes.append(error.code) }
      do throws(TLSStreamError) { try await client.write([7]) } catch {
        codes.append(error.code)
        #expect(error.bytesAccepted == 0)
      }
      return codes
    }
    calling.cancel()
    #expect(await calling.value == Array(repeating: .cancelled, count: 4))
    async let received = server.read()
    try await client.write([1])
    #expect(try await received == [1])
  }

  @Test func `a deadline that passes after the handshake changes nothing`() async throws {
    let (client, server) = try pair()
    let clock = ManualClock()
    async let handshake = server.handshake()
    try await client.handshake(until: ManualClock.Instant(seconds: 5), clock: clock)
    _ = try await handshake
    await Self.settle()
    clock.advance(to: 5)
    await Self.settle()
    async let received = server.read()
    try await client.write([1])
    #expect(try await received == [1])
  }

  @Test func `a peer that requests new keys is answered without a writer`() async throws {
    let (client, server, transport, _) = try await connected(.tls13) { FailingTransport($0) }
    try await client.write([])
    let before = transport.sendsLeft
    _ = try server.withEngine { engine throws(TLSError) in try engine.keyUpdate(requestingPeer: true) }
    async let received = client.read()
    try await server.write([1])
    #expect(try await received == [1])
    while transport.sendsLeft == before { await Task.yield() }
  }

  @Test func `the sequence ends at close_notify, repeatedly`() async throws {
    let (client, server, _, _) = try await connected { $0 }
    try await server.write([1])
    try await server.close()
    var pieces = client.plaintext.makeAsyncIterator()
    #expect(try await pieces.next() == [1])
    for _ in 0..<2 { #expect(try await pieces.next() == nil) }
  }
}

/// Pre-shared keys are a matter of contexts: a stream needs nothing more.
extension TLSStreamTests {
  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `streams connect by a pre-shared key`(version: TLSVersion) async throws {
    let (client, server) = try pair(version) { client, server in
      client.preSharedKeys = [.test("device")]
      server.preSharedKeys = [.test("device")]
      server.identities = []
    }
    async let received = server.read()
    try await client.write(Array("ping".utf8))
    #expect(try await received == Array("ping".utf8))
    #expect(server.negotiated?.peerAuthentication == .preSharedKey(identity: Array("device".utf8)))
  }
}
