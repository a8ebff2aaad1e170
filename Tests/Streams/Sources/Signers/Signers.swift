import SansIOTLS
import SansIOTLSTestKit
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Eight threads that share signers: `Signers [CHAIN.pem URI PIN]`. Each connects clients and servers of the same
/// contexts, both sides with keys held elsewhere, in both versions; some signers fail. With arguments the server's key
/// is found by its URI.
@main
enum Signers {
  private static let threadCount = 8
  private static let roundCount = 25

  private struct Refusal: Error {}

  /// A difference between what happened and what had to.
  private struct Unexpected: Error, CustomStringConvertible { let description: String }

  /// The contexts that all threads share.
  private struct Contexts: Sendable {
    let clients: [TLSContext]
    let server: TLSContext
    let failing: TLSContext
    /// The number of calls of each signer.
    let calls: Calls
  }

  private final class Calls: Sendable {
    let client = Atomic(0)
    let server = Atomic(0)
    let failing = Atomic(0)
  }

  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let contexts = try contexts(arguments.isEmpty ? nil : Array(arguments))
    let threads = (0..<threadCount).map { _ in
      start { for _ in 0..<roundCount { try round(contexts) } }
    }
    for thread in threads { pthread_join(thread, nil) }
    let (calls, expected) = (contexts.calls, threadCount * roundCount * 2)
    let counts = [
      calls.client.load(ordering: .relaxed), calls.server.load(ordering: .relaxed),
      calls.failing.load(ordering: .relaxed),
    ]
    guard counts == [expected, arguments.isEmpty ? expected : 0, expected] else {
      throw Unexpected(description: "\(counts) calls of the signers instead of \(expected)")
    }
    print("signers: \(threadCount) threads, \(2 * expected) handshakes, \(counts.reduce(0, +)) calls of signers")
  }

  private static func contexts(_ arguments: [String]?) throws -> Contexts {
    let (own, client) = (TestIdentity.server(), TestIdentity.client(key: .p384))
    let calls = Calls()
    func counted(_ identity: TestIdentity, _ counter: @escaping @Sendable () -> Void) throws -> TLSIdentity {
      let key = identity.signer()
      return try identity.identity(
        signer: TLSSigner { request in
          counter()
          return try key.sign(request)
        })
    }
    var server = TLSContext.Configuration.server(
      try counted(own) { calls.server.add(1, ordering: .relaxed) })
    var trust = [own.trust]
    if let arguments {
      guard arguments.count == 3 else { fatalError("usage: Signers [CHAIN.pem URI PIN]") }
      trust += [.file(arguments[0])]
      server.identities = [
        try TLSIdentity(certificateFile: arguments[0], privateKeyURI: arguments[1], passphrase: arguments[2])
      ]
    }
    server.trustRoots = [client.trust]
    server.clientAuthentication = .required
    var failing = server
    failing.identities = [
      try own.identity(
        signer: TLSSigner { _ in
          calls.failing.add(1, ordering: .relaxed)
          throw Refusal()
        })
    ]
    let clients = try [TLSVersion.tls12, .tls13].map { version in
      var configuration = TLSContext.Configuration.client()
      configuration.trustRoots = trust
      configuration.minimumVersion = version
      configuration.maximumVersion = version
      configuration.identities = [try counted(client) { calls.client.add(1, ordering: .relaxed) }]
      return try TLSContext(configuration)
    }
    return Contexts(
      clients: clients, server: try TLSContext(server), failing: try TLSContext(failing), calls: calls)
  }

  private static func round(_ contexts: Contexts) throws {
    for client in contexts.clients {
      var pair = try EnginePair(client: client, server: contexts.server)
      try pair.handshake()
      guard try pair.transfer([1, 2, 3], from: .client) == [1, 2, 3] else {
        throw Unexpected(description: "data was changed")
      }
      var failing = try EnginePair(client: client, server: contexts.failing)
      guard (try? failing.handshake()) == nil, failing.server.failure?.code == .signerFailed,
        failing.client.failure?.alertReceived == .internalError
      else { throw Unexpected(description: "no error by a signer that fails") }
    }
  }

  private final class Body: Sendable {
    let run: @Sendable () throws -> Void
    init(_ run: @escaping @Sendable () throws -> Void) { self.run = run }
  }

  private static func start(_ run: @escaping @Sendable () throws -> Void) -> pthread_t {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    // Sound: the thread owns the reference to its body, and releases it.
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        #if canImport(Darwin)
          let pointer = argument
        #else
          let pointer = unsafe argument!
        #endif
        let body = unsafe Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue()
        do { try body.run() } catch { fatalError("\(error)") }
        return nil
      }, Unmanaged.passRetained(Body(run)).toOpaque())
    guard result == 0 else { fatalError("no thread") }
    #if canImport(Darwin)
      return thread!
    #else
      return thread
    #endif
  }
}
