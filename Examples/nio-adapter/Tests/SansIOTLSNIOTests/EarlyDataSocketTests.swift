import NIOCore
import NIOPosix
import NIOTLS
import SansIOTLS
import SansIOTLSNIO
import SansIOTLSTestKit
import Testing

/// Early data over sockets on loopback. In a world tickets have no age, which a loaded machine could make too high.
struct EarlyDataSocketTests {
  /// Answers a line that came early by `early:` and the line, at once, and any other by `late:` and the line.
  private final class Server: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private var line = ""

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      guard let early = event as? TLSEarlyData else { return }
      line += String(buffer: early.bytes)
      if line.hasSuffix("\n") {
        context.triggerUserOutboundEvent(TLSEarlyWrite(ByteBuffer(string: "early:" + line)), promise: nil)
      }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      line += String(buffer: unwrapInboundIn(data))
      if line.hasSuffix("\n") {
        context.writeAndFlush(NIOAny(ByteBuffer(string: "late:" + line)), promise: nil)
      }
    }
  }

  /// Sends a line early, and once more if it was rejected; returns the answer and what became of the early data.
  private final class Client: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let request = ByteBuffer(string: "hello\n")
    private var answer = ""
    private var outcome: TLSEarlyDataOutcome?
    private let promise: EventLoopPromise<(String, TLSEarlyDataOutcome?)>

    init(_ promise: EventLoopPromise<(String, TLSEarlyDataOutcome?)>) { self.promise = promise }

    func channelActive(context: ChannelHandlerContext) {
      let sent = context.eventLoop.makePromise(of: Void.self)
      sent.futureResult.cascadeFailure(to: promise)
      context.triggerUserOutboundEvent(TLSEarlyWrite(request), promise: sent)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      guard case TLSEngine.Event.earlyData(let outcome) = event else { return }
      self.outcome = outcome
      if case .rejected = outcome { context.writeAndFlush(NIOAny(request), promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      answer += String(buffer: unwrapInboundIn(data))
      if answer.hasSuffix("\n") {
        promise.succeed((answer, outcome))
        context.close(promise: nil)
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      promise.fail(error)
      context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }
  }

  @Test(arguments: [true, false])
  func `a request is answered in the first round trip, or sent again by the application`(
    isAccepted: Bool
  ) async throws {
    let world = SeededWorld(seed: 29)
    var (client, server) = try EnginePair.configurations(
      version: .tls13, identity: world.authority().issue(names: ["localhost"]))
    server.maximumEarlyDataByteCount = 1_000
    if isAccepted { server.earlyDataReplayFilter = try TLSReplayFilter() } else { server.pausesAtClientHello = true }
    let (near, far) = (try world.context(client), try world.context(server))
    let session = try Self.session(near, far, world)

    let group = MultiThreadedEventLoopGroup.singleton
    let listener = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers([TLSServerHandler(context: far), Server()])
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let address = try #require(listener.localAddress)
    let eventLoop = group.next()
    let promise = eventLoop.makePromise(of: (String, TLSEarlyDataOutcome?).self)
    let channel = try await ClientBootstrap(group: eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let tls = try TLSClientHandler(
            context: near, serverName: .dns("localhost"), session: world.resumable(session), sendsEarlyData: true)
          try channel.pipeline.syncOperations.addHandlers([tls, Client(promise)])
        }
      }
      .connect(to: address).get()
    let (answer, outcome) = try await promise.futureResult.get()
    #expect(answer == (isAccepted ? "early:hello\n" : "late:hello\n"))
    #expect(outcome == (isAccepted ? .accepted(byteCount: 6) : .rejected(byteCount: 6)))
    try await channel.closeFuture.get()
    try await listener.close().get()
  }

  private static func session(_ client: TLSContext, _ server: TLSContext, _ world: SeededWorld) throws -> TLSSession {
    var pair = try EnginePair(client: client, server: server, in: world)
    while pair.step() { while pair.server.question != nil { try pair.server.answerAsConfigured() } }
    _ = try pair.receive(at: .client)
    var session: TLSSession?
    while let event = pair.client.nextEvent() { if case .sessionTicket(let newest) = event { session = newest } }
    return try #require(session)
  }
}
