import Foundation
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A tape records a conversation completely: another process, on another day, repeats it, failure included.
struct TapeTests {
  /// A conversation that fails: the link flips a bit of the server's data, in mid-stream.
  private static func record(seed: UInt64 = 11) throws -> (tape: Tape, failure: TLSError) {
    var pair = try engines(in: SeededWorld(seed: seed), link: .corrupting(from: .server, at: 9000))
    try pair.handshake()
    _ = try pair.transfer(Array("GET /".utf8), from: .client)
    #expect(throws: TLSError.self) { _ = try pair.transfer([UInt8](repeating: 7, count: 20_000), from: .server) }
    let failure = pair.client.failure
    return (try #require(pair.log.tape), try #require(failure))
  }

  private static func engines(in world: SeededWorld, link: SimulatedLink = .direct) throws -> EnginePair {
    try EnginePair(key: .ed25519, link: link, in: world) { _, server in server.resumption = .tickets(count: 2) }
  }

  @Test func `a tape replays without a difference to the same failure`() throws {
    let (tape, failure) = try Self.record()
    var pair = try Self.engines(in: SeededWorld(seed: tape.seed))
    try tape.replay(on: &pair)
    #expect("\(pair.client.failure as Any)" == "\(Optional(failure) as Any)")
    #expect(pair.log.tape?.entries == tape.entries)
    #expect(pair.log.tape?.digest == tape.digest)
  }

  @Test func `a tape is the same after conversion to text and back`() throws {
    var (tape, _) = try Self.record()
    tape.setup["version"] = "TLS 1.3, as ever"
    let text = tape.description
    let parsed = try Tape(parsing: text)
    #expect(parsed == tape)
    #expect(parsed.description == text)
  }

  @Test func `every call and every outcome survives text`() throws {
    var tape = Tape(seed: .max, setup: ["a": "b c", "empty-ish": "-"])
    let calls: [Tape.Call] = [
      .feed([]), .feed([0, 255]), .feedEOF, .drain, .write([]), .write([1]), .read(upTo: 0), .close,
      .requestClientCertificate(isRequired: true), .requestClientCertificate(isRequired: false), .reportIdle,
      .keyUpdate(requestingPeer: true), .keyUpdate(requestingPeer: false), .answer(.serve), .answer(.serveOther),
      .answer(.refuse(.accessDenied)), .answer(.followVerification), .answer(.trust),
      .answer(.distrust(.badCertificate)), .takeTrailingInput, .hibernate,
      .answer(.serveAcceptingKeys(of: [[7], [0, 255]], byOther: false, acceptsEarlyData: nil)),
      .answer(.serveAcceptingKeys(of: [[7]], byOther: true, acceptsEarlyData: true)),
      .answer(.serveAcceptingKeys(of: [[7]], byOther: false, acceptsEarlyData: false)),
      .answer(.serveDecidingEarlyData(byOther: true, accepts: false)),
    ]
    let outcomes: [Tape.Outcome] = [
      .accepted(0), .accepted(.max), .bytes([]), .bytes([7]), .step("needsFeed"), .threw("a = b; = c"),
    ]
    for side in TLSRole.allCases {
      for call in calls {
        for outcome in outcomes { tape.append(Tape.Entry(side: side, call: call, outcome: outcome)) }
      }
    }
    #expect(try Tape(parsing: tape.description) == tape)
  }

  @Test func `the first difference of a replay names the call and the byte`() throws {
    let (tape, _) = try Self.record()
    // The first thing that the server is fed, with another byte in the random of the ClientHello.
    let index = try #require(tape.entries.firstIndex { if case .feed = $0.call { true } else { false } })
    var altered = Tape(seed: tape.seed, setup: tape.setup)
    for (position, entry) in tape.entries.enumerated() {
      guard position == index, case .feed(var bytes) = entry.call else {
        altered.append(entry)
        continue
      }
      bytes[20] ^= 1
      altered.append(Tape.Entry(side: entry.side, call: .feed(bytes), outcome: entry.outcome))
    }
    var pair = try Self.engines(in: SeededWorld(seed: tape.seed))
    do {
      try altered.replay(on: &pair)
      Issue.record("no difference")
    } catch {
      #expect(error.index > index)
      #expect(error.description.contains("call \(error.index) of the tape, server drain: byte "))
    }
  }

  @Test func `another seed differs at the ClientHello`() throws {
    let (tape, _) = try Self.record()
    var pair = try Self.engines(in: SeededWorld(seed: tape.seed + 1))
    do {
      try tape.replay(on: &pair)
      Issue.record("no difference")
    } catch {
      #expect(error.index == 0)
      // A record header, a message header, the version: then the random.
      #expect(error.description.contains("byte 11 differs"))
    }
  }

  @Test(
    arguments: [
      ("", 1), ("SansIOTLS tape 2\nseed 1\n", 1), ("SansIOTLS tape 1\n", 2), ("SansIOTLS tape 1\nseed x\n", 2),
      ("SansIOTLS tape 1\nseed 1\nsetup a\n", 3), ("SansIOTLS tape 1\nseed 1\nclient drain\n", 3),
      ("SansIOTLS tape 1\nseed 1\nclient drain = bytes 0\n", 3),
      ("SansIOTLS tape 1\nseed 1\n\nclient close = step done\n", 3),
      ("SansIOTLS tape 1\nseed 1\nnobody drain = bytes 00\n", 3),
      ("SansIOTLS tape 1\nseed 1\nclient feed 0g = accepted 1\n", 3),
      ("SansIOTLS tape 1\nseed 1\nserver answer serve,preSharedKey:0 = step done\n", 3),
      ("SansIOTLS tape 1\nseed 1\nserver answer trust,preSharedKey:00 = step done\n", 3),
    ] as [(String, Int)])
  func `text that is not a tape is rejected at its line`(text: String, line: Int) {
    #expect(throws: Tape.Malformed.self) { _ = try Tape(parsing: text) }
    do { _ = try Tape(parsing: text) } catch { #expect(error.line == line) }
  }

  // MARK: Across processes: Tests/Determinism/check

  private static let directory = ProcessInfo.processInfo.environment["TAPE_DIRECTORY"]

  @Test(.enabled(if: ProcessInfo.processInfo.environment["TAPE_ACTION"] == "record"))
  func `a failing conversation is recorded into a file`() throws {
    let (tape, failure) = try Self.record()
    let file = try #require(Self.directory) + "/failing.tape"
    try tape.description.write(toFile: file, atomically: true, encoding: .utf8)
    print("recorded: \(tape.entries.count) calls, \(failure)")
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["TAPE_ACTION"] == "replay"))
  func `a file replays to the failure it was recorded from`() throws {
    let file = try #require(Self.directory) + "/failing.tape"
    let tape = try Tape(parsing: String(contentsOfFile: file, encoding: .utf8))
    var pair = try Self.engines(in: SeededWorld(seed: tape.seed))
    try tape.replay(on: &pair)
    let failure = pair.client.failure
    print("replayed: \(tape.entries.count) calls, \(try #require(failure))")
  }
}
