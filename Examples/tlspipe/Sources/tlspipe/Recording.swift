import SansIOTLS
import SansIOTLSTransports
import Synchronization

/// Watches a connection for `--ladder`, `--capture` and `--keylog`. Relay and key log report to it on the same thread;
/// the lock lets the compiler know.
final class Recording: RelayObserver, Sendable {
  private struct State: ~Copyable {
    var ladder: LadderOutput?
    var capture: CaptureFile?
    var keyLog: KeyLogFile?
    var isComplete = true
  }

  private let side: TLSRole
  private let state: Mutex<State>

  /// - Parameters:
  ///   - side: the side that this program is.
  ///   - ladder: the picture, if one is wanted.
  ///   - capture: the file, if one is wanted.
  ///   - keyLog: the secrets' own file, if one is wanted.
  init(
    _ side: TLSRole, ladder: consuming sending LadderOutput?,
    capture: consuming sending CaptureFile?, keyLog: consuming sending KeyLogFile?
  ) {
    self.side = side
    state = Mutex(State(ladder: ladder, capture: capture, keyLog: keyLog))
  }

  func keyLog(_ line: String) {
    state.withLock {
      $0.capture?.keyLog(line)
      $0.keyLog?.append(line)
    }
  }

  func relayDidTransfer(_ ciphertext: RawSpan, _ direction: RelayReport.Direction) {
    state.withLock { $0.capture?.passed(ciphertext, direction) }
  }

  func relayDidEnd(_ direction: RelayReport.Direction) { state.withLock { $0.capture?.ended(direction) } }

  func relayDidCompleteIteration(_ engine: inout TLSEngine) {
    state.withLock {
      $0.ladder?.note(side, &engine)
      $0.capture?.turned(engine)
    }
  }

  /// Completes the file and draws the picture, when the connection is over.
  func finish() {
    state.withLock {
      $0.capture?.write()
      if $0.ladder?.finish() == false || $0.keyLog?.isBroken == true { $0.isComplete = false }
    }
  }

  /// Whether ladder and key log are whole, once the connection is over. A capture that ends early holds what it says, and
  /// does not count.
  var isComplete: Bool { state.withLock { $0.isComplete } }
}
