import SansIOTLS
import SansIOTLSTestKit
import Testing

extension TLSVersion {
  static let both: [TLSVersion] = [.tls12, .tls13]
}

extension TLSEngine.Step where Value == Void {
  static var done: TLSEngine.Step<Void> { .done(()) }

  static func == (left: TLSEngine.Step<Void>, right: TLSEngine.Step<Void>) -> Bool {
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

extension EnginePair {
  /// Lends one side's engine.
  mutating func at<Result, E: Error>(
    _ side: TLSRole, _ body: (inout TLSEngine) throws(E) -> Result
  ) throws(E) -> Result {
    side == .client ? try body(&client) : try body(&server)
  }

  /// Moves all that is on its way, and reads and forgets what comes out, until nothing moves any more.
  mutating func settle() throws {
    repeat {
      for side in TLSRole.allCases { _ = try at(side) { try $0.readAll() } }
    } while step()
  }

  /// Has a server require a certificate of its clients, and gives the client one.
  static func authenticateClient(
    _ client: inout TLSContext.Configuration, _ server: inout TLSContext.Configuration,
    _ identity: TestIdentity = .client()
  ) throws(TLSError) {
    client.identities = [try identity.identity]
    server.trust = [identity.trust]
    server.clientAuthentication = .required
  }
}

extension TLSEngine {
  /// Reads all that is there.
  mutating func readAll() throws(TLSError) -> [UInt8] {
    var bytes: [UInt8] = []
    while case .done(let some) = try read(upTo: 16_384) { bytes += some }
    return bytes
  }

  /// Feeds all of `ciphertext` in pieces of `piece` bytes, reading whenever the engine has no room.
  mutating func absorb(_ ciphertext: [UInt8], piece: Int = .max) throws(TLSError) -> [UInt8] {
    var plaintext: [UInt8] = []
    var rest = ciphertext[...]
    while !rest.isEmpty {
      let accepted = try feed(rest.prefix(piece))
      rest = rest.dropFirst(accepted)
      let some = try readAll()
      plaintext += some
      if accepted == 0, some.isEmpty { break }
    }
    return plaintext
  }

  /// What happened so far, as text.
  mutating func allEvents() -> [String] {
    var events: [String] = []
    while let event = nextEvent() { events.append("\(event)") }
    return events
  }
}

/// The lengths of the TLS records in a stream of whole records, headers included.
func recordLengths(_ stream: [UInt8]) -> [Int] {
  var lengths: [Int] = []
  var start = 0
  while start + 5 <= stream.count {
    let length = 5 + Int(stream[start + 3]) << 8 + Int(stream[start + 4])
    lengths.append(length)
    start += length
  }
  return lengths
}

/// The engines of a test's pairs keep no messages, like an application's: a tap must not hide what the test looks for.
struct WithoutTap: TestTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await EnginePair.$keepsMessages.withValue(false) { try await function() }
  }
}

extension Trait where Self == WithoutTap {
  static var withoutTap: Self { Self() }
}
