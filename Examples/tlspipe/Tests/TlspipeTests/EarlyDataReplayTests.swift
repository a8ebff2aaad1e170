import Testing

/// Copies of a client's first flight. libssl accepts one within ten seconds, which a busy machine may exceed: the tests
/// run one after the other, and try again with a new flight.
@Suite(.serialized, .fewAtATime, .ifItHangs) struct EarlyDataReplayTests {
  /// Lets a client send its first flight into a file, which no server sees.
  private static func record(_ fleet: EarlyFleet) async throws {
    let workshop = fleet.workshop
    try await Listener.socat(script: fleet.server) { port in _ = try await fleet.connect(port) }
    let result = try await Tool.run(
      workshop.clientArguments(
        ["--session", workshop.file("session"), "--early-data", workshop.file("early")],
        command: ["sh", "-c", "exec >&-; cat >\(workshop.file("flight"))"]))
    #expect(result.exitCode == 1)
    #expect(result.error.contains("6 bytes of plaintext were not sent"), "\(result.error)")
    // Without the alert, which it sends because no server answers.
    var (flight, rest) = ([UInt8](), workshop.read("flight")[...])
    while rest.count > 5 {
      let record = rest.prefix(5 + Int(rest[rest.startIndex + 3]) << 8 + Int(rest[rest.startIndex + 4]))
      if record.first != 21 { flight += record }
      rest = rest.dropFirst(record.count)
    }
    workshop.write("flight", flight)
  }

  /// Sends a flight to a new process of the server for each memory.
  ///
  /// - Parameters:
  ///   - separator: what the shell does between two processes.
  ///   - isInTime: whether what was read shows that the last process had the flight in time.
  /// - Returns: what each COMMAND has read, and what the servers have said.
  private static func replay(
    _ fleet: EarlyFleet, to memories: [String], separator: String = ";", isInTime: ([String]) -> Bool
  ) async throws -> (got: [String], said: String) {
    for _ in 1..<10 {
      let result = try await replayOnce(fleet, to: memories, separator: separator)
      if isInTime(result.got) { return result }
    }
    return try await replayOnce(fleet, to: memories, separator: separator)
  }

  private static func replayOnce(
    _ fleet: EarlyFleet, to memories: [String], separator: String
  ) async throws -> (got: [String], said: String) {
    try await record(fleet)
    let workshop = fleet.workshop
    for index in memories.indices { workshop.write("got\(index)", []) }
    let servers = memories.enumerated().map { index, memory in
      let reader = workshop.script("reader\(index)", "exec cat >\(workshop.file("got\(index)"))")
      let options = "--ticket-keys \(workshop.file("keys")) --early-data 16384 \(memory)"
      return "\(workshop.serverCommand(options, command: reader)) <\(workshop.file("flight")) >/dev/null"
    }
    let result = try await Tool.shell(servers.joined(separator: " \(separator) ") + " ; wait")
    return (memories.indices.map { workshop.text("got\($0)") }, result.error)
  }

  @Test func `of servers that share a store one accepts a copy`() async throws {
    let fleet = EarlyFleet()
    let (store, other) = (fleet.store("store"), fleet.store("other"))
    // Another store does not know it.
    let got = try await Self.replay(fleet, to: [store, store, other]) { $0[2] != "" }.got
    #expect(got == ["early\n", "", "early\n"])
  }

  @Test func `of servers at once one accepts a copy`() async throws {
    let fleet = EarlyFleet()
    let stores = [String](repeating: fleet.store("store"), count: 4)
    let got = try await Self.replay(fleet, to: stores, separator: "&") { $0.contains("early\n") }.got
    #expect(got.sorted() == ["", "", "", "early\n"])
  }

  @Test func `servers that allow replays accept each copy, and no copy completes the handshake`() async throws {
    let fleet = EarlyFleet(memory: "--allow-replays")
    let (got, said) = try await Self.replay(fleet, to: ["--allow-replays", "--allow-replays"]) { $0[1] != "" }
    #expect(got == ["early\n", "early\n"])
    #expect(said.ranges(of: "the transport ended during the handshake").count == 2, "\(said)")
  }
}
