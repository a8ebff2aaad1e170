import SansIOTLS
import SansIOTLSTestKit

#if canImport(Glibc)
  import Glibc
#endif

/// The target, chosen by the environment, so that each has a corpus of its own. A finding is a crash, a sanitizer's
/// report, or a failed precondition.
enum FuzzTarget: String, CaseIterable {
  /// Bytes from the network, to a server and to a client that expect a handshake.
  case handshake
  /// A script of calls on a connected pair, with one changed byte of ciphertext.
  case conversation
  /// Certificates, keys and bundles in every encoding.
  case material
  /// Saved sessions of clients and stored ones of servers, whose digests are made to fit, and their use.
  case sessions
  /// The extension pre_shared_key of a ClientHello.
  case preSharedKeys

  static let chosen: FuzzTarget = {
    guard let name = getenv("FUZZ_TARGET"), let target = FuzzTarget(rawValue: String(cString: name)) else {
      fatalError("set FUZZ_TARGET to one of \(allCases.map(\.rawValue))")
    }
    return target
  }()

  func run(_ input: [UInt8]) {
    switch self {
    case .handshake: fuzzHandshake(input)
    case .conversation: fuzzConversation(input)
    case .material: fuzzMaterial(input)
    case .sessions: fuzzSessions(input)
    case .preSharedKeys: fuzzPreSharedKeys(input)
    }
  }
}

/// The contexts, created once to save the fuzzer's time.
enum Shared {
  static let identity = TestIdentity.server()
  static let server = try! TLSContext(.server(identity.identity))
  static let asking: TLSContext = {
    var configuration = try! TLSContext.Configuration.server(identity.identity)
    configuration.pausesAtClientHello = true
    return try! TLSContext(configuration)
  }()
  /// A server with a store of sessions.
  static let storing: TLSContext = {
    var configuration = try! TLSContext.Configuration.server(identity.identity)
    configuration.pausesAtClientHello = true
    configuration.sessionDomain = "fuzz"
    configuration.resumption = .applicationStore()
    return try! TLSContext(configuration)
  }()
  static let preShared: TLSContext = {
    var configuration = TLSContext.Configuration.server([])
    configuration.preSharedKeys = [.test(), .test("a", hash: .sha384)]
    return try! TLSContext(configuration)
  }()
  static let client: TLSContext = {
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [identity.trust]
    return try! TLSContext(configuration)
  }()
}
