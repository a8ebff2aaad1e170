import Glibc
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// A relay that ends while its peer still sends, over TCP: closing a socket over unread bytes would discard what is on
/// its way to the peer.
@Suite struct RelayLingeringTests {
  /// A server that the test drives, and that reads only on request.
  private struct Peer: ~Copyable {
    private var engine: TLSEngine
    private let socket: Int32
    private var unfed: ArraySlice<UInt8> = []

    /// Takes ownership of the socket, and performs the handshake.
    init(_ socket: Int32) {
      // A failure here is one of the test's own setup.
      engine = try! TLSEngine(.server, context: try! RelayFixture.serverContext())
      self.socket = socket
      while engine.negotiated == nil {
        precondition(receive() > 0)
        unfed = unfed.dropFirst(try! engine.feed(unfed))
        Channel.sendAll(engine.drain()[...], to: socket)
      }
    }

    deinit { close(socket) }

    /// - Returns: The number of bytes; 0 at the end, -1 on an error.
    mutating func receive() -> Int {
      var chunk = [UInt8](repeating: 0, count: 16 * 1024)
      // Sound: the array lives through the call and is as long as it says.
      let count = unsafe recv(socket, &chunk, chunk.count, 0)
      unfed += chunk[..<max(count, 0)]
      return count
    }

    /// - Returns: Whether the other end accepted all of it.
    mutating func send(_ plaintext: [UInt8]) -> Bool {
      var rest = plaintext[...]
      while !rest.isEmpty {
        rest = rest.dropFirst((try! engine.write(rest)).value ?? 0)
        guard Channel.sendAll(engine.drain()[...], to: socket) else { return false }
      }
      return true
    }

    /// - Returns: Whether the other end accepted all of it.
    func sendJunk(_ count: Int) -> Bool { Channel.sendAll([UInt8](repeating: 0x55, count: count)[...], to: socket) }

    /// Reads to the end.
    ///
    /// - Throws: The error of TLS, or of the socket.
    mutating func readAll() throws -> [UInt8] {
      var plaintext: [UInt8] = []
      while true {
        unfed = unfed.dropFirst(try engine.feed(unfed))
        switch try engine.read(upTo: 65_536) {
        case .done(let bytes): plaintext += bytes
        case .endOfStream: return plaintext
        default: if receive() <= 0 { throw TransportError(.read, number: errno) }
        }
      }
    }
  }

  @Test(arguments: RelayTests.versions)
  func `a peer that still sends after the program's end receives everything`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let (near, far) = Channel.connection()
    let client = try fixture.startClient(on: (near, near), version: version)
    close(fixture.client.receiving)
    // More than the peer's side accepts before it reads: the rest waits in the relay's socket.
    let upload = noise(130_000)
    let sender = BackgroundThread { Channel.send(upload, to: fixture.client.sending) }
    let peer = BackgroundThread { () -> (isSent: Bool, received: Result<[UInt8], any Error>) in
      var peer = Peer(far)
      // More than both sockets hold: the write completes only with a reader.
      let isSent = peer.send(noise(2_000_000))
      return (isSent, Result { try peer.readAll() })
    }
    let (isSent, received) = peer.value()
    #expect(isSent)
    let isWhole = try received.get() == upload
    #expect(isWhole)
    sender.value()
    let report = client.value()
    #expect(report.outcome.summary == "plaintext write: Broken pipe (errno 32)")
    #expect(report.localEnding == .closeNotify)
  }

  @Test(arguments: RelayTests.versions)
  func `an alert reaches a peer that continues to send before it reads`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let (near, far) = Channel.connection()
    let client = try fixture.startClient(on: (near, near), version: version)
    let peer = BackgroundThread { () -> (isSent: Bool, error: (any Error)?, last: Int) in
      var peer = Peer(far)
      let isSent = peer.sendJunk(1_000_000)
      do { _ = try peer.readAll() } catch { return (isSent, error, peer.receive()) }
      return (isSent, nil, -1)
    }
    let (isSent, error, last) = peer.value()
    #expect(isSent)
    let alert = try #require((error as? TLSError)?.alertReceived)
    // The end, and no reset.
    #expect(last == 0)
    let report = client.value()
    #expect(report.localEnding == .alert(alert))
    for end in [fixture.client.sending, fixture.client.receiving] { close(end) }
  }

  /// Writes until a relay accepts no more, because its peer does not. A quarter of a second without room counts as
  /// that: on a slow machine this may be early, and there is then room for an alert.
  private func fill(_ program: RelayFixture.Program) {
    _ = fcntl(program.sending, F_SETFL, O_NONBLOCK)
    let data = noise(16_384)
    var room = pollfd(fd: program.sending, events: Int16(POLLOUT), revents: 0)
    // Sound: one structure is polled; the array lives through the call and is as long as it says.
    while unsafe poll(&room, 1, 250) == 1, unsafe write(program.sending, data, data.count) > 0 {}
  }

  @Test(arguments: RelayTests.versions)
  func `an alert without room reaches a peer that continues to send before it reads`(_ version: TLSVersion) throws {
    let fixture = RelayFixture()
    let (near, far) = Channel.connection()
    let client = try fixture.startClient(on: (near, near), version: version)
    let start = Channel.pipe()
    let peer = BackgroundThread { () -> (isSent: Bool, error: (any Error)?) in
      var peer = Peer(far)
      _ = Channel.receive(from: start.reading)
      let isSent = peer.sendJunk(1_000_000)
      do { _ = try peer.readAll() } catch { return (isSent, error) }
      return (isSent, nil)
    }
    fill(fixture.client)
    close(start.writing)
    let (isSent, error) = peer.value()
    #expect(isSent)
    let alert = try #require((error as? TLSError)?.alertReceived)
    let report = client.value()
    #expect(report.localEnding == .alert(alert))
    for end in [fixture.client.sending, fixture.client.receiving] { close(end) }
  }

  @Test func `a peer that sends without end after this side's end is abandoned`() throws {
    let fixture = RelayFixture()
    let (near, far) = Channel.connection()
    let client = try fixture.startClient(on: (near, near))
    for end in [fixture.client.sending, fixture.client.receiving] { close(end) }
    let peer = BackgroundThread {
      var peer = Peer(far)
      let piece = noise(16_384)
      while peer.send(piece) {}
    }
    #expect(client.value().localEnding == .closeNotify)
    peer.value()
  }

  @Test func `a peer that sends without end and leaves no room for an alert is abandoned`() throws {
    let fixture = RelayFixture()
    let (near, far) = Channel.connection()
    let client = try fixture.startClient(on: (near, near))
    let start = Channel.pipe()
    let peer = BackgroundThread {
      let peer = Peer(far)
      _ = Channel.receive(from: start.reading)
      while peer.sendJunk(16_384) {}
    }
    fill(fixture.client)
    close(start.writing)
    #expect(client.value().outcome.summary.hasPrefix("TLS "))
    peer.value()
    for end in [fixture.client.sending, fixture.client.receiving] { close(end) }
  }
}
