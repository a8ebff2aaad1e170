package import SansIOTLS
public import SansIOTLSTransports

// See ThreadSanitizerMutex in the transports.
#if !SANITIZE_THREAD
  internal import Synchronization
#endif

/// One end of a ``SimulatedLink`` as a transport for ``/SansIOTLSTransports/TLSStream``: the same bad networks for
/// asynchronous code.
///
/// ```swift
/// let (near, far) = SimulatedTransport.pair(SimulatedLink(seed: 7, faults: .all))
/// let client = TLSStream(clientEngine, over: near)
/// ```
///
/// Each attempt to receive advances the time by a step. The link's actions on each byte depend on the seed alone;
/// Swift's executor decides how the tasks of the two ends interleave. The number of bytes on their way is not limited.
///
/// In a test whose conversations are collected (``ConversationLog/Collector``), the conversation of the streams over
/// the two ends is too: the actions of the link, and the messages of the engines, which are read by
/// ``/SansIOTLS/TLSEngine/nextTracedMessage()`` even if the contexts do not trace them. A stream over a transport that
/// wraps this one is not observed.
public final class SimulatedTransport: ByteTransport {
  /// A link ends instead of failing.
  public typealias Failure = Never

  private let carrier: Carrier
  private let side: TLSRole

  private init(_ carrier: Carrier, _ side: TLSRole) {
    self.carrier = carrier
    self.side = side
  }

  /// Creates both ends of a link.
  ///
  /// - Parameters:
  ///   - link: The link between them.
  ///   - title: The title of the ladder.
  ///   - file: The file of the call. A failure without a location of its own is reported there.
  ///   - line: The line of the call.
  /// - Returns: The client's and the server's end.
  public static func pair(
    _ link: SimulatedLink, title: String = "", file: StaticString = #filePath, line: UInt = #line
  ) -> (client: SimulatedTransport, server: SimulatedTransport) {
    let isCollected = ConversationLog.Collector.current != nil
    let place = ConversationLog.Place(file: file, line: line)
    let log =
      isCollected ? ConversationLog(title: title, seed: nil, linkSeed: link.seed, tape: nil, place: place) : nil
    let carrier = Carrier(link, log)
    return (SimulatedTransport(carrier, .client), SimulatedTransport(carrier, .server))
  }

  /// Waits for bytes.
  ///
  /// - Parameter count: Bytes at most, 1 or more.
  /// - Returns: A piece, or a part of it; `nil` at the end, and if the task is cancelled.
  public func receive(upTo count: Int) async -> [UInt8]? { await carrier.receive(upTo: max(count, 1), at: side) }

  /// Sends bytes without waiting.
  ///
  /// - Parameter bytes: The bytes. After the link's end they are lost.
  public func send(_ bytes: [UInt8]) async { carrier.change { $0.send(bytes, from: side) } }

  /// Ends this direction.
  public func closeOutput() async { carrier.change { $0.end(from: side) } }

  /// The actions of the link so far.
  public var actions: [SimulatedLink.Action] { carrier.actions }
}

extension SimulatedTransport: TLSStreamObserver {
  package var isObserving: Bool { carrier.log != nil }
  package func note(_ engine: inout TLSEngine) { carrier.log?.note(side, &engine) }
}

/// The link, and the tasks that wait at its two ends.
private final class Carrier: Sendable {
  private typealias Waiting = SuspendedTask

  private struct State: Sendable {
    var link: SimulatedLink
    var waiting: [TLSRole: Waiting] = [:]
    /// The sides that have received the end, which is permanent.
    var ended: Set<TLSRole> = []
    /// The number of the link's actions in the log.
    var loggedActions = 0

    /// Notes the actions since the last call, except those that a stream must not notice.
    mutating func noteLink(in log: ConversationLog?) {
      guard let log else { return }
      for action in link.actions.dropFirst(loggedActions) where !action.isHarmless { log.note("\(action)") }
      loggedActions = link.actions.count
    }
  }

  private enum Arrival: Sendable {
    case piece([UInt8])
    case end
    /// A piece on its way.
    case later
    case nothing
  }

  /// The log of both ends; `nil` if conversations are not collected.
  let log: ConversationLog?
  private let state: Mutex<State>

  init(_ link: SimulatedLink, _ log: ConversationLog?) {
    self.log = log
    state = Mutex(State(link: link))
  }

  var actions: [SimulatedLink.Action] { state.withLock { $0.link.actions } }

  /// Changes the link and resumes the tasks that wait.
  func change(_ body: (inout SimulatedLink) -> Void) {
    let waiting = state.withLock { state in
      body(&state.link)
      state.noteLink(in: log)
      defer { state.waiting = [:] }
      return Array(state.waiting.values)
    }
    for task in waiting { task.resume() }
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
    await waitForChange { continuation in
      state.withLock { state in
        if Task.isCancelled || state.link.hasDelivery(for: side) { return false }
        state.waiting[side] = continuation
        return true
      }
    } withdraw: {
      state.withLock { $0.waiting.removeValue(forKey: side) }
    }
  }
}
