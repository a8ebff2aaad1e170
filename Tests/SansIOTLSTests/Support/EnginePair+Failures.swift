import SansIOTLS
import SansIOTLSTestKit

extension EnginePair {
  /// A client's and a server's failure.
  struct Failures {
    let client: TLSError?
    let server: TLSError?
  }

  /// Transfers and reads until nothing is left to transfer, and returns what ended each side.
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

  /// The failures of a handshake that is not expected to succeed.
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
