package import SansIOTLS
public import SansIOTLSTransports

// See ThreadSanitizerMutex in the transports.
#if !SANITIZE_THREAD
  internal import Synchronization
#endif

/// One end of a ``SimulatedLink`` as a transport for ``TLSStream``: the same bad networks for asynchronous code.
///
/// ```swift
/// let (near, far) = SimulatedTransport.pair(SimulatedLink(seed: 7, faults: .all))
/// let client = TLSStream(clientEngine, over: near)
/// ```
///
/// Time passes by a step with each attempt to receive. What the link does to which byte depends on the seed alone; how
/// the two ends' tasks interleave is up to Swift's executor. There is no bound on what is on its way.
///
/// In a test whose conversations are gathered (``ConversationLog/Collector``), that of the streams over the two ends is too:
/// what the link does, and the messages of their engines, which are taken from ``SansIOTLS/TLSEngine/nextTracedMessage()`` whether
/// or not their contexts tap them. A stream over a transport that wraps this one is not seen.
public final class SimulatedTransport: ByteTransport {
  /// A link fails by ending, not by an error.
  public typealias Failure = Never

  private let carrier: Carrier
  private let side: TLSRole

  private init(_ carrier: Carrier, _ side: TLSRole) {
    self.carrier = carrier
    self.side = side
  }

  /// Makes both ends.
  ///
  /// - Parameters:
  ///   - link: what lies between them.
  ///   - title: what the ladder is called.
  ///   - file: where they are made; a failure without a place of its own is reported there.
  ///   - line: the line there.
  /// - Returns: the client's and the server's end.
  public static func pair(
    _ link: SimulatedLink, title: String = "", file: StaticString = #filePath, line: UInt = #line
  ) -> (client: SimulatedTransport, server: SimulatedTransport) {
    let isGathered = ConversationLog.Collector.current != nil
    let place = ConversationLog.Place(file: file, line: line)
    let log =
      isGathered ? ConversationLog(title: title, seed: nil, linkSeed: link.seed, tape: nil, place: place) : nil
    let carrier = Carrier(link, log)
    return (SimulatedTransport(carrier, .client), SimulatedTransport(carrier, .server))
  }

  /// Waits for bytes.
  ///
  /// - Parameter count: bytes at most, 1 or more.
  /// - Returns: a piece, or as much of it; `nil` at the end, and when the task is cancelled.
  public func receive(upTo count: Int) async -> [UInt8]? { await carrier.receive(upTo: max(count, 1), at: side) }

  /// Sends, without waiting.
  ///
  /// - Parameter bytes: the bytes; behind the link's end they are lost.
  public func send(_ bytes: [UInt8]) async { carrier.change { $0.send(bytes, from: side) } }

  /// Ends this direction.
  public func closeOutput() async { carrier.change { $0.end(from: side) } }

  /// What the link did so far.
  public var actions: [SimulatedLink.Action] { carrier.actions }
}

extension SimulatedTransport: TLSStreamObserver {
  package var isObserving: Bool { carrier.log != nil }
  package func note(_ engine: inout TLSEngine) { carrier.log?.note(side, &engine) }
}

/// The link and who waits at its two ends.
private final class Carrier: Sendable {
  private typealias Waiting = CheckedContinuation<Void, Never>

  private struct State: Sendable {
    var link: SimulatedLink
    var waiting: [TLSRole: Waiting] = [:]
    /// Who was told the end: it stays one.
    var ended: Set<TLSRole> = []
    /// How many of the link's actions are in the log.
    var loggedActions = 0

    /// Notes what the link did since, but for what a stream must not notice.
    mutating func noteLink(in log: ConversationLog?) {
      guard let log else { return }
      for action in link.actions.dropFirst(loggedActions) where !action.isHarmless { log.note("\(action)") }
      loggedActions = link.actions.count
    }
  }

  private enum Arrival: Sendable {
    case piece([UInt8])
    case end
    /// It is on its way.
    case later
    case nothing
  }

  /// What happened so far, at both ends; `nil` if it is not gathered.
  let log: ConversationLog?
  private let state: Mutex<State>

  init(_ link: SimulatedLink, _ log: ConversationLog?) {
    self.log = log
    state = Mutex(State(link: link))
  }

  var actions: [SimulatedLink.Action] { state.withLock { $0.link.actions } }

  /// Changes the link; whoever waits looks again.
  func change(_ body: (inout SimulatedLink) -> Void) {
    let waiting = state.withLock { state in
      body(&state.link)
      state.noteLink(in: log)
      defer { state.waiting = [:] }
      return Array(state.waiting.values)
    }
    for continuation in waiting { continuation.resume() }
  }

  func receive(upTo count: Int, at side: TLSRole) async -> [UInt8]? {
    while !Task.isCancelled {
      let arrival = state.withLock { state -> Arrival in
        if state.ended.contains(side) { return .end }
        state.link.step()
        switch state.link.deliver(to: side) {
        case .bytes(let bytes):
          if bytes.count > count { state.link.putBack(Array(bytes[count...]), to: side) }
          return .piece(Array(bytes.prefix(count)))
        case .end:
          state.ended.insert(side)
          return .end
        case .nothing: return state.link.isDelaying(to: side) ? .later : .nothing
        }
      }
      switch arrival {
      case .piece(let bytes): return bytes
      case .end: return nil
      case .later: await Task.yield()
      case .nothing: await wait(at: side)
      }
    }
    return nil
  }

  /// Waits until the link has changed.
  private func wait(at side: TLSRole) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if Task.isCancelled || state.link.hasNews(for: side) { return true }
          state.waiting[side] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: side) }?.resume()
    }
  }
}
