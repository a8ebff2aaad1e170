internal import SansIOTLS
public import SansIOTLSTrace

// See ThreadSanitizerMutex in the transports.
#if SANITIZE_THREAD
  internal import SansIOTLSTransports
#else
  internal import Synchronization
#endif

/// The log of a conversation of an ``EnginePair``, or of streams over a ``SimulatedTransport``: its ladder, its tape,
/// its seed. The pair or the transport writes it; the report of a failure reads it, on any thread and after they were
/// released.
public final class ConversationLog: Sendable {

  private struct State: Sendable {
    var ladder: Ladder
    var tape: Tape?
    var failures: [TLSRole: String] = [:]
  }

  /// The seed of the conversation's world; `nil` outside of one.
  public let seed: UInt64?
  /// The seed of the link; `nil` if it has no random faults.
  public let linkSeed: UInt64?
  /// The place in the test that created it.
  package let place: Place
  private let state: Mutex<State>

  /// A place in a source file.
  package struct Place: Sendable {
    /// The file's path.
    package let file: StaticString
    /// The line, from 1.
    package let line: UInt
  }

  init(title: String, seed: UInt64?, linkSeed: UInt64?, tape: Tape?, place: Place) {
    self.seed = seed
    self.linkSeed = linkSeed
    self.place = place
    state = Mutex(State(ladder: Ladder(title: title), tape: tape))
    Collector.current?.add(self)
  }

  /// The ladder so far.
  public var ladder: Ladder { state.withLock { $0.ladder } }

  /// The tape so far; `nil` outside of a ``SeededWorld``, where a replay is not possible.
  public var tape: Tape? { state.withLock { $0.tape } }

  /// The ladder as text, which ends with the needs of both sides, then the failures with libssl's own errors, and the
  /// seeds.
  public var report: String {
    let state = state.withLock { $0 }
    var text = state.ladder.text()
    for side in TLSRole.allCases {
      if let failure = state.failures[side] { text += "\(side) failed: \(failure)\n" }
    }
    if let seed { text += "seed of the world \(seed)\n" }
    if let linkSeed { text += "seed of the link \(linkSeed)\n" }
    return text
  }

  func describe(_ name: String, _ value: String) { state.withLock { $0.tape?.setup[name] = value } }

  func note(_ side: TLSRole, _ engine: inout TLSEngine) {
    state.withLock {
      $0.ladder.note(side, &engine)
      if let failure = engine.failure { $0.failures[side] = "\(failure)" }
    }
  }

  func note(_ side: TLSRole, answer: String) { state.withLock { $0.ladder.note(side, answer: answer) } }

  func note(_ remark: String) { state.withLock { $0.ladder.note(remark) } }

  func record(_ entry: Tape.Entry) { state.withLock { $0.tape?.append(entry) } }

  /// Whether calls are recorded on a tape.
  var isTaping: Bool { state.withLock { $0.tape != nil } }

  /// A collector of the logs of all conversations that begin in a task, so that a test framework's helper can attach
  /// them to a failure. It keeps the latest eight.
  public final class Collector: Sendable {
    /// The collector of this task, if a helper set one.
    @TaskLocal public static var current: Collector?

    private let kept = Mutex<[ConversationLog]>([])

    /// Creates an empty collector.
    public init() {}

    /// The logs, oldest first.
    public var logs: [ConversationLog] { kept.withLock { $0 } }

    fileprivate func add(_ log: ConversationLog) {
      kept.withLock {
        if $0.count == 8 { $0.removeFirst() }
        $0.append(log)
      }
    }
  }
}
