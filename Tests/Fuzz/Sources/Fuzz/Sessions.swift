import CLibFuzzer
import SansIOTLS
import SansIOTLSTestKit

/// Takes the input as a change of a genuine session, or as a session, of either side; then uses what is accepted.
/// Whatever a store returns must neither crash nor let a connection fail that a full handshake would complete,
/// unless its peer finds the session to be another's.
func fuzzSessions(_ input: [UInt8]) {
  guard let choice = input.first else { return }
  let change = Array(input.dropFirst())
  let genuine = choice & 1 == 0 ? Genuine.client : Genuine.server
  var bytes = choice & 2 == 0 ? genuine : change
  if choice & 2 == 0 {
    // Triples: a place, of two bytes, and a value.
    for start in stride(from: 0, to: change.count - 2, by: 3) {
      let place = (Int(change[start]) << 8 | Int(change[start + 1])) % bytes.count
      bytes[place] ^= change[start + 2]
    }
  }
  if choice & 4 == 0 { choice & 1 == 0 ? fitClientDigest(&bytes) : fitServerDigest(&bytes) }
  if choice & 1 == 0 { offer(bytes) } else { give(bytes) }
}

private enum Genuine {
  static let client = sessions.client
  static let server = sessions.server

  private static let sessions: (client: [UInt8], server: [UInt8]) = {
    var pair = try! EnginePair(client: Shared.client, server: Shared.storing)
    while pair.server.question == nil, pair.step() {}
    try! pair.server.answerAsConfigured()
    try! pair.handshake()
    _ = try! pair.receive(at: .client)
    var sessions: (client: [UInt8], server: [UInt8]) = ([], [])
    while let event = pair.client.nextEvent() {
      if case .sessionTicket(let session) = event { sessions.client = session.bytes }
    }
    while let event = pair.server.nextEvent() {
      if case .sessionToStore(let session) = event { sessions.server = session.bytes }
    }
    precondition(!sessions.client.isEmpty && !sessions.server.isEmpty)
    return sessions
  }()
}

/// A client's digest is in front.
private func fitClientDigest(_ bytes: inout [UInt8]) {
  if bytes.count < 32 { return }
  bytes.replaceSubrange(..<32, with: digest(bytes[32...]))
}

/// A server's follows the mark of five bytes.
private func fitServerDigest(_ bytes: inout [UInt8]) {
  if bytes.count < 37 { return }
  bytes.replaceSubrange(5..<37, with: digest(bytes[37...]))
}

private func digest(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: 32) { digest, initialized in
    _ = bytes.withUnsafeBufferPointer { SHA256($0.baseAddress, $0.count, digest.baseAddress) }
    initialized = 32
  }
}

private func offer(_ bytes: [UInt8]) {
  guard let session = try? TLSSession(bytes: bytes) else { return }
  _ = "\(session) \(session.cipherSuite) \(session.serverName) \(session.lifetime) \(session.creationTime)"
  _ = [session.applicationProtocol ?? "", "\(session.maximumEarlyDataByteCount)"]
  precondition((try? TLSSession(bytes: session.bytes)) != nil, "what is accepted can be saved again")
  guard var pair = try? EnginePair(client: Shared.client, server: Shared.storing, session: session) else { return }
  while pair.server.question == nil, pair.step() {}
  if pair.server.question != nil { try? pair.server.answerAsConfigured() }
  try? pair.handshake()
  precondition(pair.client.negotiated?.isResumed != true, "nothing was given to resume")
}

private func give(_ bytes: [UInt8]) {
  guard let stored = try? TLSServerSession(bytes: bytes) else { return }
  precondition(stored.bytes == bytes)
  let session = try! TLSSession(bytes: Genuine.client)
  var pair = try! EnginePair(client: Shared.client, server: Shared.storing, session: session)
  while pair.server.question == nil, pair.step() {}
  try? pair.server.answer(TLSEngine.ClientHello.Answer.serve.resuming(stored))
  try? pair.handshake()
  if let negotiated = pair.server.negotiated { precondition(negotiated.version == .tls13) }
  _ = pair.server.resumedTicketData
  _ = pair.client.drain()
}
