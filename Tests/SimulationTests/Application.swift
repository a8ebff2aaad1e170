import SansIOTLS
import SansIOTLSTestKit

/// The actions of one side's application so far, and the data that it received.
struct Application {
  let side: TLSRole
  let plan: [Scenario.Action]
  /// The next action of the plan.
  var next = 0
  /// The rest of a write that was begun.
  var unwritten = 0
  var written = 0
  var received = 0
  var hasClosed = false
  var hasAbandoned = false
  var sawEnd = false
  /// The application closed its transport, as one does when all is over.
  var hasHungUp = false
  /// The first error, and every later one has to be the same.
  var failure: TLSError?
  var events: [String] = []
  /// A request for the client's certificate is open.
  var isAwaitingCertificate = false
  /// The latest session it was given, and whether it was given one to resume.
  var session: TLSSession?
  var hadSession = false
  /// It refused the peer at a question.
  var hasRefused = false
  /// The plaintext that it sent after its close_notify, and the peer's that arrived.
  var sentInClear: [UInt8] = []
  var receivedInClear: [UInt8] = []

  init(_ side: TLSRole, _ plan: [Scenario.Action]) {
    self.side = side
    self.plan = plan
  }

  /// Its next action waits for the peer.
  var isWaiting: Bool {
    if unwritten == 0, next < plan.count, case .await = plan[next] { true } else { false }
  }

  /// This side has ended.
  var isThrough: Bool { failure != nil || hasAbandoned || hasClosed && sawEnd }

  /// The plaintext of a side, by position: each side has its own, so that no byte can be mistaken for another.
  static func bytes(_ side: TLSRole, _ range: Range<Int>) -> [UInt8] {
    let salt = side == .client ? 0x35 : 0xca
    return range.map { UInt8(truncatingIfNeeded: ($0 &* 167) ^ ($0 >> 8) ^ salt) }
  }
}
