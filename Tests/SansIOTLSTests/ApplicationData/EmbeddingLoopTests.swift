import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The loop of README, with transports and contexts that are not the simplest. `EmbeddingLoop.swift` is a link to
/// the example's own file.
@Suite(.tags(.behaviour))
struct EmbeddingLoopTests {
  /// The number of bytes of a segment that a transport accepts.
  enum Taking: CaseIterable {
    case everything, oneByte, sometimesNothing

    func count(of segment: Int, call: Int) -> Int {
      switch self {
      case .everything: segment
      case .oneByte: 1
      case .sometimesNothing: call.isMultiple(of: 3) ? min(segment, 1000) : 0
      }
    }
  }

  struct Broken: Error {}

  /// The transport and the peer in one: an engine that reads a request of a known size, then sends a response and
  /// closes. A loop that waits for a peer that has nothing to send meets the end of the transport.
  final class Peer: Transport {
    private var tls: TLSEngine
    private let taking: Taking
    private let requestSize: Int
    private var response: ArraySlice<UInt8>
    private let closes: Bool
    /// The number of calls of `send` that do not throw.
    private let sendLimit: Int
    private var sendCount = 0
    private(set) var request: [UInt8] = []
    private(set) var failure: TLSError?

    init(
      _ tls: consuming TLSEngine, taking: Taking = .everything, requestSize: Int, response: [UInt8] = [],
      closes: Bool = true, sendLimit: Int = .max
    ) {
      self.tls = tls
      self.taking = taking
      self.requestSize = requestSize
      self.response = response[...]
      self.closes = closes
      self.sendLimit = sendLimit
    }

    func send(_ bytes: RawSpan) throws -> Int {
      sendCount += 1
      if sendCount > sendLimit { throw Broken() }
      let count = taking.count(of: bytes.byteCount, call: sendCount)
      do throws(TLSError) {
        let accepted = try tls.feed(bytes.extracting(first: count))
        try advance()
        return accepted
      } catch {
        failure = error
        return count
      }
    }

    func receive() -> [UInt8]? {
      let bytes = tls.drain()
      if failure == nil { do throws(TLSError) { try advance() } catch { failure = error } }
      return bytes.isEmpty ? nil : bytes
    }

    private func advance() throws(TLSError) {
      while case .done(let plaintext) = try tls.read(upTo: 16_384) { request += plaintext }
      if tls.negotiated == nil || request.count < requestSize { return }
      while !response.isEmpty, case .done(let count) = try tls.write(response) { response = response.dropFirst(count) }
      if response.isEmpty, closes { _ = try tls.closeWriting() }
    }
  }

  /// Both exceed all buffers of `smallLimits`.
  private static let request = pattern(20_000)
  private static let response = pattern(24_000, seed: 8)
  private static let smallLimits = TLSEngine.Limits.with {
    $0.bufferByteCount = 1024
    $0.pendingOutputByteCount = 4096
  }

  private static func engine(
    _ side: TLSRole, _ pair: (client: TLSContext.Configuration, server: TLSContext.Configuration)
  ) throws -> TLSEngine {
    switch side {
    case .client:
      try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(pair.client), limits: smallLimits)
    case .server: try TLSEngine(.server, context: TLSContext(pair.server), limits: smallLimits)
    }
  }

  /// Notes the questions, and follows the configuration.
  private final class Asked: Delegate {
    private(set) var questions: [String] = []

    func decide(_ hello: TLSEngine.ClientHello) -> TLSEngine.ClientHello.Answer {
      questions.append("ClientHello")
      return .serve
    }

    func decide(_ certificates: TLSEngine.PeerCertificates) -> TLSEngine.PeerCertificates.Answer {
      questions.append("certificates")
      return .followVerification
    }
  }

  private struct Refusing: Delegate {
    let alert: TLSAlert
    func decide(_ hello: TLSEngine.ClientHello) -> TLSEngine.ClientHello.Answer { .refuse(alert) }
    func decide(_ certificates: TLSEngine.PeerCertificates) -> TLSEngine.PeerCertificates.Answer { .distrust(alert) }
  }

  @Test(arguments: Taking.allCases, TLSVersion.both)
  func `request and response arrive, whatever part of a segment the transport accepts`(
    taking: Taking, version: TLSVersion
  ) throws {
    let configurations = try EnginePair.configurations(version: version)
    for side in TLSRole.allCases {
      var tls = try Self.engine(side, configurations)
      let peer = Peer(
        try Self.engine(side.peer, configurations), taking: taking, requestSize: Self.request.count,
        response: Self.response)
      #expect(try converse(&tls, over: peer, request: Self.request) == Self.response)
      #expect(peer.request == Self.request)
      #expect(tls.pendingOutputByteCount == 0)
    }
  }

  @Test(arguments: Taking.allCases)
  func `a question of the context is answered`(taking: Taking) throws {
    let silent = try EnginePair.configurations()
    var asking = silent
    asking.client.pausesAtPeerCertificates = true
    asking.server.pausesAtClientHello = true
    for side in TLSRole.allCases {
      var tls = try Self.engine(side, asking)
      let peer = Peer(
        try Self.engine(side.peer, silent), taking: taking, requestSize: Self.request.count, response: Self.response)
      let asked = Asked()
      let response = try converse(&tls, over: peer, request: Self.request, delegate: asked)
      #expect(asked.questions == [side == .client ? "certificates" : "ClientHello"])
      #expect(response == Self.response)
      #expect(peer.request == Self.request)
    }
  }

  @Test(arguments: Taking.allCases)
  func `a refusal reaches the peer`(taking: Taking) throws {
    let silent = try EnginePair.configurations()
    var asking = silent
    asking.client.pausesAtPeerCertificates = true
    asking.server.pausesAtClientHello = true
    for side in TLSRole.allCases {
      var tls = try Self.engine(side, asking)
      let peer = Peer(try Self.engine(side.peer, silent), taking: taking, requestSize: 1)
      let alert: TLSAlert = side == .client ? .certificateUnknown : .accessDenied
      let error = thrownError {
        _ = try converse(&tls, over: peer, request: Self.request, delegate: Refusing(alert: alert))
      }
      #expect(error?.code == .rejected)
      #expect(peer.failure?.alertReceived == alert)
      #expect(peer.request.isEmpty)
    }
  }

  @Test(arguments: Taking.allCases)
  func `an error throws after its alert was sent`(taking: Taking) throws {
    let configurations = try EnginePair.configurations()
    let stranger = try EnginePair.configurations().server
    var tls = try Self.engine(.client, configurations)
    let peer = Peer(try Self.engine(.server, (configurations.client, stranger)), taking: taking, requestSize: 1)
    let error = thrownError { _ = try converse(&tls, over: peer, request: Self.request) }
    #expect(error?.code == .certificateRejected)
    #expect(peer.failure?.alertReceived == .unknownCA)
  }

  @Test(.tags(.law18))
  func `the end of the transport is not the end of the response`() throws {
    let configurations = try EnginePair.configurations()
    var tls = try Self.engine(.client, configurations)
    let peer = Peer(
      try Self.engine(.server, configurations), requestSize: Self.request.count, response: Self.response, closes: false)
    let error = thrownError { _ = try converse(&tls, over: peer, request: Self.request) }
    #expect(error?.code == .truncated)
  }

  @Test(.tags(.law18), arguments: Taking.allCases)
  func `a peer that ends early still receives the whole request`(taking: Taking) throws {
    let configurations = try EnginePair.configurations()
    var tls = try Self.engine(.client, configurations)
    let peer = Peer(try Self.engine(.server, configurations), taking: taking, requestSize: 0)
    // The peer ends while a part of it is still to be written.
    #expect(try converse(&tls, over: peer, request: Self.request) == [])
    #expect(peer.request == Self.request)
  }

  @Test(arguments: [1, 2, 5, 20])
  func `a transport that fails ends the loop with its own error`(sendLimit: Int) throws {
    let configurations = try EnginePair.configurations()
    var tls = try Self.engine(.client, configurations)
    let peer = Peer(
      try Self.engine(.server, configurations), taking: .sometimesNothing, requestSize: Self.request.count,
      sendLimit: sendLimit)
    #expect(throws: Broken.self) { _ = try converse(&tls, over: peer, request: Self.request) }
  }
}
