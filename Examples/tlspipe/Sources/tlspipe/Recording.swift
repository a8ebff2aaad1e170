import SansIOTLS
import SansIOTLSTransports
import Synchronization

/// Watches a connection for `--ladder` and `--capture`. Relay and key log tell it what happens on one and the same thread;
/// the lock lets the compiler know.
final class Recording: RelayObserver, Sendable {
  private struct State: ~Copyable {
    var ladder: LadderOutput?
    var capture: CaptureFile?
  }

  private let side: TLSContext.Configuration.Side
  private let state: Mutex<State>

  /// - Parameters:
  ///   - side: the side that this program is.
  ///   - ladder: the picture, if one is wanted.
  ///   - capture: the file, if one is wanted.
  init(
    _ side: TLSContext.Configuration.Side, ladder: consuming sending LadderOutput?,
    capture: consuming sending CaptureFile?
  ) {
    self.side = side
    state = Mutex(State(ladder: ladder, capture: capture))
  }

  func keyLog(_ line: String) { state.withLock { $0.capture?.keyLog(line) } }

  func passed(_ ciphertext: RawSpan, _ direction: RelayReport.Direction) {
    state.withLock { $0.capture?.passed(ciphertext, direction) }
  }

  func ended(_ direction: RelayReport.Direction) { state.withLock { $0.capture?.ended(direction) } }

  func turned(_ engine: inout TLSEngine) {
    state.withLock {
      $0.ladder?.note(side, &engine)
      $0.capture?.turned(engine)
    }
  }

  /// Completes the file and draws the picture, when the connection is over.
  func finish() {
    state.withLock {
      $0.capture?.write()
      $0.ladder?.finish()
    }
  }
}
