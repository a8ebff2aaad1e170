import SansIOTLS
import SansIOTLSTestKit

/// One conversation with all its parameters, generated from a seed.
struct Scenario: Sendable {

  /// The behaviour of the carrier.
  enum Carrier: String, Sendable, CaseIterable {
    case direct, harmless, corrupting, truncating, halfClosing

    var faults: SimulatedLink.Faults {
      switch self {
      case .direct: []
      case .harmless: .harmless
      case .corrupting: [.harmless, .corrupts]
      case .truncating: [.harmless, .truncates]
      case .halfClosing: [.harmless, .halfCloses]
      }
    }
  }

  /// The reason why a connection fails or ends early because of its two ends.
  enum Obstacle: Sendable, Equatable {
    case none
    /// The client checks the server's certificate, and something is wrong with it.
    case badServer(TestIdentity.Defect)
    /// The server requires a certificate, and the client has none.
    case missingClientCertificate
    /// The client's certificate is from an authority that the server does not trust.
    case unknownClient
    case noCommonVersion
    case noCommonApplicationProtocol
    /// The server's application refuses the ClientHello.
    case refusedClientHello
    /// The client's application refuses the certificate.
    case refusedCertificate
    /// The server's application refuses the client's certificate, by this alert.
    case refusedClient(TLSAlert)
    /// A side abandons the connection after so many steps, wherever the handshake is.
    case abandoned(TLSRole, after: Int)
  }

  /// The actions of a side's application, in order.
  enum Action: Sendable, Equatable {
    case write(Int)
    case keyUpdate(requestingPeer: Bool)
    case hibernate
    /// A server requests its client's certificate after the handshake; a client does nothing.
    case requestCertificate
    /// The application wrote nothing for a while.
    case reportIdle
    /// Waits for so many bytes of the peer, as a server does for a request.
    case await(Int)
  }

  enum ClientCertificate: Sendable, Equatable {
    case none
    /// The server requests one, and receives it or not.
    case requested(isShown: Bool)
    case required
  }

  let seed: UInt64
  var carrier: Carrier
  let obstacle: Obstacle
  /// `nil` for the newest both have.
  let version: TLSVersion?
  let key: TestIdentity.KeyType
  let clientCertificate: ClientCertificate
  let clientKey: TestIdentity.KeyType
  var resumes: Bool
  /// The server accepts none of the client's key shares and requests another.
  let retries: Bool
  let tickets: Int
  let limits: TLSEngine.Limits
  let releasesBuffers: Bool
  /// Both applications are asked every question, and agree.
  let asks: Bool
  /// Other code leaves errors in the thread's queue.
  let hasForeignErrors: Bool
  /// The sides prove themselves by a pre-shared key of this hash, and not by certificates.
  let preSharedHash: TLSPreSharedKey.Hash?
  var plans: [TLSRole: [Action]]
  /// The plaintext that the client sends after its close_notify.
  var trailing: Int
  /// The early data that a client that resumes writes, in bytes; 0 for none. Drawn apart, so that older seeds stay what
  /// they were.
  var earlyBytes: Int
  /// The size of reads; a slow reader skips most steps.
  let isSlowReader: [TLSRole: Bool]
  /// The client offers to be asked for a certificate after the handshake.
  let offersLater: Bool
  /// The sizes of each side's records.
  let records: [TLSRole: TLSRecordPolicy]

  /// Draws a scenario.
  ///
  /// - Parameters:
  ///   - seed: decides everything that is not given.
  ///   - carrier: what the carrier does; `nil` leaves it to the seed.
  ///   - isObstructed: whether there is an obstacle; `nil` leaves it to the seed.
  init(seed: UInt64, carrier: Carrier? = nil, isObstructed: Bool? = nil) {
    var random = SplitMix(seed: seed)
    func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
    self.seed = seed
    let drawnCarrier = Carrier.allCases.randomElement(using: &random)!
    self.carrier = carrier ?? drawnCarrier
    let drawnObstruction = chance(4)
    obstacle = isObstructed ?? drawnObstruction ? Self.obstacle(&random) : .none
    version = obstacle == .noCommonVersion ? nil : [nil, .tls12, .tls13, .tls13].randomElement(using: &random)!
    key = [.p256, .p256, .p256, .p384, .ed25519, .rsa2048].randomElement(using: &random)!
    clientKey = [.p256, .p256, .ed25519, .rsa2048].randomElement(using: &random)!
    let drawnCertificate: ClientCertificate =
      chance(3)
      ? [.requested(isShown: true), .requested(isShown: false), .required].randomElement(using: &random)! : .none
    switch obstacle {
    case .missingClientCertificate, .unknownClient, .refusedClient: clientCertificate = .required
    default: clientCertificate = drawnCertificate
    }
    resumes = chance(3) && obstacle == .none
    retries = chance(4)
    tickets = [0, 1, 1, 2, 4].randomElement(using: &random)!
    var limits = TLSEngine.Limits.default
    if chance(2) { limits.bufferByteCount = 1 << Int.random(in: 6...16, using: &random) }
    if chance(3) { limits.pendingOutputByteCount = 1 << Int.random(in: 0...18, using: &random) }
    self.limits = limits
    releasesBuffers = chance(4)
    let isRefusedClient = if case .refusedClient = obstacle { true } else { false }
    asks = chance(4) || obstacle == .refusedClientHello || obstacle == .refusedCertificate || isRefusedClient
    hasForeignErrors = chance(4)
    let mayUpdateKeys = version != .tls12
    plans = [.client: Self.plan(&random, mayUpdateKeys), .server: Self.plan(&random, mayUpdateKeys)]
    trailing = chance(4) ? random.size(most: 12) : 0
    isSlowReader = [.client: chance(4), .server: chance(4)]
    // Drawn from a stream of their own, so that a seed decides the rest as it did before.
    var later = SplitMix(seed: seed ^ 0x6c61_7465_7200)
    offersLater = obstacle == .none && Bool.random(using: &later)
    records = [.client: Self.records(&later, .client), .server: Self.records(&later, .server)]
    if offersLater {
      for _ in 0..<Int.random(in: 0...3, using: &later) {
        let place = Int.random(in: 0...plans[.server]!.count, using: &later)
        plans[.server]!.insert(.requestCertificate, at: place)
      }
    }
    for side in TLSRole.allCases where records[side]!.smallStart != nil {
      plans[side]!.insert(.reportIdle, at: Int.random(in: 0...plans[side]!.count, using: &later))
    }
    let mayPreShare = obstacle == .none && clientCertificate == .none && !asks && !offersLater
    preSharedHash = chance(3) && mayPreShare ? (chance(2) ? .sha384 : .sha256) : nil
    var early = SplitMix(seed: seed ^ 0x6561_726c_79)
    let mayBeEarly = resumes && version == .tls13 && tickets > 0 && preSharedHash == nil
    earlyBytes = mayBeEarly && early.next() % 3 > 0 ? early.size(most: 14) : 0
  }

  /// The previous conversation, which the session is from.
  var introduction: Scenario {
    var first = self
    first.carrier = .direct
    first.resumes = false
    first.plans = [.client: [], .server: []]
    first.trailing = 0
    return first
  }

  private static func obstacle(_ random: inout SplitMix) -> Obstacle {
    switch Int.random(in: 0..<12, using: &random) {
    case 0, 1:
      .badServer(
        [
          .expired, .notYetValid, .wrongName, .selfSigned, .unknownIssuer, .wrongUsage, .missingIntermediate,
          .corruptedSignature,
        ].randomElement(using: &random)!)
    case 2: .missingClientCertificate
    case 3: .unknownClient
    case 4: .noCommonVersion
    case 5: .noCommonApplicationProtocol
    case 6: .refusedClientHello
    case 7: .refusedCertificate
    case 8, 9:
      .refusedClient(
        [.accessDenied, .certificateRevoked, .unknownCA, .certificateRequired].randomElement(using: &random)!)
    default:
      .abandoned(Bool.random(using: &random) ? .client : .server, after: Int.random(in: 0...3, using: &random))
    }
  }

  private static func records(_ random: inout SplitMix, _ side: TLSRole) -> TLSRecordPolicy {
    var policy = TLSRecordPolicy()
    switch Int.random(in: 0..<8, using: &random) {
    case 0: policy.maximumByteCount = 512 << Int.random(in: 0...5, using: &random)
    case 1: policy.smallStart = .init(recordByteCount: Int.random(in: 64...2000, using: &random), totalByteCount: 4000)
    case 2: policy.paddingByteCount = 1 << Int.random(in: 1...14, using: &random)
    case 3 where side == .client: policy.requestedByteCount = 512 << Int.random(in: 0...3, using: &random)
    default: break
    }
    return policy
  }

  private static func plan(_ random: inout SplitMix, _ mayUpdateKeys: Bool) -> [Action] {
    (0..<Int.random(in: 0...6, using: &random)).map { _ in
      switch Int.random(in: 0..<10, using: &random) {
      case 0 where mayUpdateKeys: .keyUpdate(requestingPeer: Bool.random(using: &random))
      case 1: .hibernate
      case 2: .await(random.size(most: 10))
      default: .write(random.size(most: 16))
      }
    }
  }
}

extension Scenario: CustomStringConvertible {
  /// Everything in one line, for the report of a failure.
  var description: String {
    var words = ["seed \(seed)", "\(carrier.rawValue) carrier", version.map { "\($0)" } ?? "any version", "\(key)"]
    if obstacle != .none { words.append("\(obstacle)") }
    if clientCertificate != .none { words.append("client certificate \(clientCertificate) \(clientKey)") }
    if resumes { words.append("resumed") }
    if earlyBytes > 0 { words.append("\(earlyBytes) bytes early") }
    if retries { words.append("retried") }
    words.append(
      "\(tickets) tickets, buffer \(limits.bufferByteCount), pending output \(limits.pendingOutputByteCount)")
    if releasesBuffers { words.append("buffers released") }
    if asks { words.append("asked") }
    if let preSharedHash { words.append("pre-shared key \(preSharedHash)") }
    if hasForeignErrors { words.append("foreign errors") }
    if offersLater { words.append("offers a certificate later") }
    for side in TLSRole.allCases where records[side] != TLSRecordPolicy() {
      words.append("\(side)'s records \(records[side]!)")
    }
    for side in TLSRole.allCases {
      words.append(
        "\(side)\(isSlowReader[side]! ? " (slow)" : ""): \(plans[side]!.map { "\($0)" }.joined(separator: " "))")
    }
    if trailing > 0 { words.append("\(trailing) bytes after the end") }
    return words.joined(separator: "; ")
  }
}

extension SplitMix {
  /// A number from 0 to 2^most - 1, small ones as likely as large ones.
  mutating func size(most: Int) -> Int {
    let bits = Int.random(in: 0...most, using: &self)
    return Int.random(in: 0..<(1 << bits), using: &self)
  }
}
