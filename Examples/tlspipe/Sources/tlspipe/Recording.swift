import SansIOTLS
import SansIOTLSTransports
import Synchronization

/// An observer of a connection for `--ladder`, `--capture` and `--keylog`.
///
/// Relay and key log call it on the same thread; the lock proves this to the compiler.
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
  ///   - side: the role of this program.
  ///   - ladder: the ladder; `nil` for none.
  ///   - capture: the capture; `nil` for none.
  ///   - keyLog: the file of the secrets; `nil` for none.
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

  /// Completes the capture and writes the ladder after the connection has ended.
  func finish() {
    state.withLock {
      $0.capture?.write()
      if $0.ladder?.finish() == false || $0.keyLog?.isBroken == true { $0.isComplete = false }
    }
  }

  /// Whether ladder and key log are complete after the connection has ended. A capture that ends early is valid, and
  /// does not count.
  var isComplete: Bool { state.withLock { $0.isComplete } }
}
