import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Expects a ``TLSError`` whose code and blame are these, and whose hint names the culprits.
@discardableResult
func expectRefusal(
  _ code: TLSError.Code, _ blame: TLSError.Blame, naming culprits: String...,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> TLSError? {
  guard let error = thrownError(body, sourceLocation) else { return nil }
  #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
  #expect(error.blame == blame, "\(error)", sourceLocation: sourceLocation)
  for culprit in culprits {
    #expect(error.hint.contains(culprit), "\(error)", sourceLocation: sourceLocation)
  }
  #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
  return error
}

extension EnginePair {
  /// A client's and a server's failure.
  struct Failures {
    let client: TLSError?
    let server: TLSError?
  }

  /// Drives both sides until nothing moves, reading whatever comes, and tells what ended them.
  mutating func outcome() -> Failures {
    for _ in 0..<256 {
      let moved = step()
      while case .done = try? read(at: .client) {}
      while case .done = try? read(at: .server) {}
      // A side that just failed moved nothing, and its alert waits.
      if !moved, client.pendingOutputByteCount == 0, server.pendingOutputByteCount == 0 { break }
    }
    return Failures(client: client.failure, server: server.failure)
  }

  /// How a handshake between these two ends that should not succeed.
  static func failures(
    _ version: TLSVersion? = nil, identity: TestIdentity = .server(), serverName: TLSServerName = .dns("localhost"),
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> Failures {
    var (client, server) = try EnginePair.configurations(version: version, identity: identity)
    try change(&client, &server)
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: serverName)
    return pair.outcome()
  }
}
