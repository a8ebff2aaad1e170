import SansIOTLS
import SansIOTLSTestKit

/// Keys and sessions that the application brings.
extension Conversation {
  /// Early data that is accepted, rejected, and larger than what the server reads at once; answers to it before the
  /// handshake is done; early keying material.
  static func earlyData(_ version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    client.applicationProtocols = ["h2"]
    server.applicationProtocols = ["h2"]
    server.maximumEarlyDataByteCount = 40_000
    server.pausesAtClientHello = true
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    func session() throws -> TLSSession {
      var pair = try EnginePair(client: contexts.client, server: contexts.server)
      while pair.step() {}
      try pair.answer(.serve, at: .server)
      try exchange(&pair)
      while let event = pair.client.nextEvent() { if case .sessionTicket(let session) = event { return session } }
      throw Unexpected(text: "no session")
    }
    for accepts in [true, false] {
      var pair = try EnginePair(
        client: contexts.client, server: contexts.server, session: session(), sendsEarlyData: true)
      let early = [UInt8](repeating: 7, count: 30_000)
      try pair.sendEarly(early)
      _ = try pair.client.exportEarlyKeyingMaterial(label: "EXPORTER-early", count: 32)
      while pair.step() {}
      try pair.answer(.serve.acceptingEarlyData(accepts), at: .server)
      if accepts {
        _ = try pair.server.exportEarlyKeyingMaterial(label: "EXPORTER-early", count: 32)
        _ = try pair.writeEarly([1, 2][...], from: .server)
      }
      guard try pair.receiveEarly() == (accepts ? early : []) else { throw Unexpected(text: "early data") }
      if accepts {
        guard try pair.receive(at: .client) == [1, 2] else { throw Unexpected(text: "answer") }
      }
      try exchange(&pair)
      guard case .accepted? = pair.client.earlyData else {
        if accepts { throw Unexpected(text: "rejected") }
        continue
      }
      if !accepts { throw Unexpected(text: "accepted") }
    }
    // What is given up before anything is answered.
    var dropped = try EnginePair(
      client: contexts.client, server: contexts.server, session: session(), sendsEarlyData: true)
    try dropped.sendEarly([1])
    while dropped.step() {}
  }

  /// Keys of both hashes, known in advance or by an answer, right, wrong and unknown; a session of a key.
  static func preSharedKeys(_ version: TLSVersion) throws {
    for hash in TLSPreSharedKey.Hash.allCases {
      var pair = try EnginePair(preSharedKey: .test("device", hash: hash), version: version)
      try exchange(&pair)
      var resumed = try pair.resumed()
      try exchange(&resumed)
      guard resumed.client.negotiated?.isResumed == true else { throw Unexpected(text: "not resumed") }
    }
    let other = try TLSPreSharedKey(identity: "device", key: [UInt8](repeating: 9, count: 32))
    for known in [other, .test("stranger")] {
      var pair = try EnginePair(preSharedKey: .test("device"), version: version) { _, server in
        server.preSharedKeys = [known]
      }
      while pair.step() {}
      guard pair.failure != nil else { throw Unexpected(text: "accepted") }
    }
    if version == .tls12 { return }
    var pair = try EnginePair(preSharedKey: .test("device"), version: version) { _, server in
      server.preSharedKeys = [.test("another")]
      server.pausesAtClientHello = true
    }
    while pair.step() {}
    try pair.answer(.serve.accepting(.test("device")), at: .server)
    try exchange(&pair)
  }

  /// Tickets that carry data of the application, by a key, by the next one, and by one that opens them no more.
  static func ticketData(_ version: TLSVersion) throws {
    let secrets = (0..<3).map { [UInt8](repeating: UInt8($0), count: 32) }
    let holder = TLSTicketKeyHolder(try TLSTicketKeys(current: secrets[0]))
    var (client, server) = try EnginePair.configurations(version: version)
    try authenticate(&client, &server)
    server.resumption = .tickets(keys: holder)
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var session: TLSSession?
    let rotations = [
      (try TLSTicketKeys(current: secrets[0]), false),
      (try TLSTicketKeys(current: secrets[1], previous: [secrets[0]]), true),
      (try TLSTicketKeys(current: secrets[2]), false),
    ]
    for (keys, isResumed) in rotations {
      holder.replace(by: keys)
      var pair = try EnginePair(client: contexts.client, server: contexts.server, session: session)
      try pair.server.setTicketData([UInt8](repeating: 3, count: 1000))
      try exchange(&pair)
      guard pair.server.negotiated?.isResumed == isResumed, (pair.server.resumedTicketData?.count == 1000) == isResumed
      else { throw Unexpected(text: "\(isResumed)") }
      while let event = pair.client.nextEvent() {
        if case .sessionTicket(let ticket) = event { session = ticket }
      }
    }
  }
}
