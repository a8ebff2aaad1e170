import SansIOTLS
import SansIOTLSTestKit
import Testing

extension TLSVersion {
  static let both: [TLSVersion] = [.tls12, .tls13]
}

extension Step where Value == Void {
  static var done: Step<Void> { .done(()) }

  static func == (left: Step<Void>, right: Step<Void>) -> Bool {
    switch (left, right) {
    case (.done, .done), (.needsFeed, .needsFeed), (.needsDrain, .needsDrain), (.needsAnswer, .needsAnswer),
      (.endOfStream, .endOfStream):
      true
    default: false
    }
  }
}

extension EnginePair {
  /// A pair at one version, after its handshake unless told otherwise. `change` adapts the configurations.
  static func connected(
    _ version: TLSVersion? = nil, handshake: Bool = true, limits: TLSEngine.Limits = .default,
    identity: TestIdentity = .server(),
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> EnginePair {
    var (client, server) = try EnginePair.configurations(version: version, identity: identity)
    try change(&client, &server)
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), limits: limits)
    if handshake { try pair.handshake() }
    return pair
  }
}

/// Bytes that differ from their neighbours, so that a shift or a swap is seen.
func pattern(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
  var random = SplitMix(seed: seed)
  return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}

/// The error that `body` throws; records an issue if it throws none.
func thrownError(
  _ body: () throws -> Void, _ location: SourceLocation = #_sourceLocation
) -> TLSError? {
  do { try body() } catch let error as TLSError { return error } catch {
    Issue.record("another error: \(error)", sourceLocation: location)
    return nil
  }
  Issue.record("nothing was thrown", sourceLocation: location)
  return nil
}
