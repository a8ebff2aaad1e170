internal import CSansIOTLSOpenSSL

/// The state of a context for its callbacks: immutable after init, valid as long as the `TLSContext`, which every
/// engine that uses it keeps.
///
/// `@unchecked`: the buffer is written in init alone.
@safe
final class ContextCallbackState: @unchecked Sendable {
  /// The identity of the context in the sessions that it creates.
  let origin: TLSSession.Origin
  let keyLog: TLSKeyLog?
  /// `nil` if certificates alone are presented and accepted.
  let rawPublicKeys: RawPublicKeys?
  let refusesMismatch: Bool
  /// The certificates whose names alone are served; empty if all names are.
  let namedCertificates: [TLSCertificate]
  let demand: PeerProof.Demand
  let ignoresVerdict: Bool
  /// The library whose providers declare the names of groups.
  let library: TLSLibraryContext
  /// The pins of peers' keys.
  let pins: Set<TLSPublicKeyPin>
  let stapling: TLSStapling
  /// The identities that have a holder of staples.
  let stapled: [TLSIdentity]
  let revocationLists: [TLSRevocationList]
  let replayFilter: TLSReplayFilter?
  /// The tickets that a TLS 1.3 server issues at a time after a full handshake.
  let ticketCount: Int
  let ticketTiming: TLSContext.Configuration.Resumption.Timing
  /// New sessions of a server are for the application's store.
  let keepsSessionsElsewhere: Bool
  /// The identities that a server chooses among; empty if there is no choice.
  let identities: [TLSIdentity]
  /// A client's pre-shared key; those of a server are found by their identities.
  let preSharedKeys: [TLSPreSharedKey]
  private let preSharedKeysByIdentity: [[UInt8]: TLSPreSharedKey]
  /// A client accepts no certificate: the server must have its pre-shared key.
  let demandsPreSharedKey: Bool
  /// A server has a certificate for clients without a pre-shared key.
  let hasIdentities: Bool
  /// The groups in libssl's words, for a connection that this context serves after a question.
  let groupList: String?
  /// The protocol list in wire form; libssl points into it, so it must not move.
  let protocolList: UnsafeBufferPointer<UInt8>

  init(_ configuration: TLSContext.Configuration, _ library: TLSLibraryContext) throws(TLSError) {
    rawPublicKeys = try RawPublicKeys(configuration, library)
    self.library = library
    keyLog = configuration.keyLog
    refusesMismatch = configuration.applicationProtocolMismatch == .refuse
    namedCertificates =
      configuration.serverNameMismatch == .refuse ? configuration.identities.compactMap(\.chain.first) : []
    demand = configuration.peerDemand
    groupList = configuration.groups.map { TLSGroup.list($0, .groups(in: library)) }
    ignoresVerdict = configuration.peerVerification == .none
    pins = configuration.pinnedKeys
    stapling = configuration.stapling
    stapled = configuration.identities.filter { $0.stapleHolder != nil }
    revocationLists = configuration.revocation?.lists ?? []
    preSharedKeys = configuration.preSharedKeys
    preSharedKeysByIdentity = Dictionary(
      configuration.preSharedKeys.map { ($0.identity, $0) }, uniquingKeysWith: { first, _ in first })
    demandsPreSharedKey = configuration.demandsPreSharedKey
    hasIdentities = !configuration.identities.isEmpty
    let isChoice = configuration.role == .server && configuration.identities.count > 1
    identities = isChoice ? configuration.identities : []
    replayFilter = configuration.earlyDataReplayFilter
    ticketCount = configuration.resumption.ticketCount
    ticketTiming = configuration.resumption.timing
    keepsSessionsElsewhere = configuration.resumption.place == .applicationStore
    origin = TLSSession.Origin(
      identities: Set(configuration.role == .client ? configuration.identities.map { $0.chain[0] } : []),
      pausesAtPeerCertificates: configuration.pausesAtPeerCertificates,
      pausesAtCertificateRequest: configuration.pausesAtCertificateRequest, domain: configuration.sessionDomain,
      pins: configuration.pinnedKeys)
    let protocolList = configuration.applicationProtocols.flatMap { [UInt8(clamping: $0.utf8.count)] + $0.utf8 }
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: protocolList.count)
    _ = unsafe buffer.initialize(from: protocolList)
    unsafe self.protocolList = UnsafeBufferPointer(buffer)
  }

  deinit { unsafe protocolList.deallocate() }

  var hasPreSharedKeys: Bool { !preSharedKeys.isEmpty }

  /// A server's key of an identity; `nil` if it has none.
  func preSharedKey(of identity: [UInt8]) -> TLSPreSharedKey? { preSharedKeysByIdentity[identity] }

  /// The state of the context that a connection uses at this moment.
  static func of(_ ssl: OpaquePointer?) -> ContextCallbackState? {
    guard let application = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0) else { return nil }
    return unsafe Unmanaged<ContextCallbackState>.fromOpaque(application).takeUnretainedValue()
  }
}
