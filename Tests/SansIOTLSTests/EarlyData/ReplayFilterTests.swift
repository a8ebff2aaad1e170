import SansIOTLSTestKit
import Synchronization
import Testing

@testable import SansIOTLS

/// The memory of accepted early data.
struct ReplayFilterTests {
  private func token(_ number: UInt64) -> [UInt8] {
    var random = SplitMix(seed: number)
    return (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  @Test func `a token is admitted once within the window, and again after it`() throws {
    let filter = try TLSReplayFilter()
    #expect(filter.admits(token(1), at: 1_000))
    for time in [1_000, 1_001, 1_015, 990] as [Int64] { #expect(!filter.admits(token(1), at: time)) }
    #expect(filter.admits(token(2), at: 1_000))
    #expect(filter.admits(token(1), at: 1_016))
    #expect(!filter.admits(token(1), at: 1_017))
  }

  @Test(arguments: [0, 2_147_483_640, 2_147_483_648, 4_294_967_290, -5] as [Int64])
  func `the window holds at every time`(start: Int64) throws {
    let filter = try TLSReplayFilter()
    #expect(filter.admits(token(1), at: start))
    #expect(!filter.admits(token(1), at: start + TLSReplayFilter.windowSeconds))
    #expect(filter.admits(token(1), at: start + TLSReplayFilter.windowSeconds + 1))
  }

  @Test func `what has no age is never forgotten`() throws {
    let filter = try TLSReplayFilter()
    #expect(filter.admits(token(1), at: 0, forgets: false))
    for time in [0, 16, 1_000_000, 4_000_000_000] as [Int64] {
      #expect(!filter.admits(token(1), at: time, forgets: false))
      #expect(!filter.admits(token(1), at: time))
    }
  }

  @Test(.tags(.law11)) func `where it is full, nothing is admitted`() throws {
    let filter = try TLSReplayFilter(capacity: 16)
    #expect(filter.capacity == 16)
    #expect((0..<100).count { filter.admits(token($0), at: 5) } == 16)
    #expect(!filter.admits(token(3), at: 5))
    #expect(filter.admits(token(1_000), at: 5 + TLSReplayFilter.windowSeconds + 1))
  }

  @Test func `most of its capacity can be used`() throws {
    let filter = try TLSReplayFilter(capacity: 4_096)
    #expect((0..<2_048).count { filter.admits(token($0), at: 5) } > 2_030)
  }

  @Test func `after a restart nothing is admitted for one window`() throws {
    let filter = try TLSReplayFilter()
    filter.begin(at: 1_000)
    #expect(!filter.admits(token(1), at: 1_000))
    #expect(!filter.admits(token(1), at: 1_014))
    filter.begin(at: 2_000)
    #expect(filter.admits(token(1), at: 1_015))
  }

  @Test func `of many threads with one token one at most is admitted`() async throws {
    let filter = try TLSReplayFilter(capacity: 64)
    for round in 0..<200 as Range<UInt64> {
      let token = token(round)
      let count = await withTaskGroup(of: Bool.self) { group in
        for offset in 0..<8 as Range<Int64> {
          group.addTask { filter.admits(token, at: Int64(round) * 7 + offset % 2) }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(count <= 1)
    }
  }

  @Test func `a capacity out of range is refused`() throws {
    for capacity in [0, -1, 16_777_217] {
      expectRefusal(.invalidArgument, .misuse, naming: "\(capacity)") { _ = try TLSReplayFilter(capacity: capacity) }
    }
    #expect(!(try TLSReplayFilter().admits([1], at: 0)))
  }

  @Test func `shared ticket keys make a new filter wait`() throws {
    let time: Int64 = 1_767_225_600
    let keys = try TLSTicketKeys(current: [UInt8](repeating: 1, count: 32))
    for isShared in [false, true] {
      let filter = try TLSReplayFilter()
      _ = try EarlyEnds { _, server in
        server.earlyDataReplayFilter = filter
        server.verificationTime = time
        if isShared { server.resumption = .tickets(keys: keys) }
      }
      #expect(filter.admits(token(1), at: time) == !isShared)
      #expect(filter.admits(token(2), at: time + TLSReplayFilter.windowSeconds))
    }
  }

  @Test(arguments: [
    "", "0001", "0007000100000000", "0007000101000000000003", "000700010100000000002120",
    "00070001010000000000010100",
  ])
  func `malformed keys have no token`(text: String) {
    let bytes = stride(from: 0, to: text.utf8.count, by: 2).map {
      UInt8(String(Array(text)[$0..<min($0 + 2, text.count)]), radix: 16) ?? 0
    }
    #expect(TLSEngine.ClientHello.earlyDataToken(ofKeys: bytes) == nil)
  }

  @Test func `the token covers the first identity and its binder alone`() throws {
    func keys(_ identity: UInt8, _ binder: UInt8, second: UInt8? = nil) -> [UInt8] {
      func identityBytes(_ byte: UInt8) -> [UInt8] { [0, 2, byte, byte, 0, 0, 0, 9] }
      func binderBytes(_ byte: UInt8) -> [UInt8] { [32] + [UInt8](repeating: byte, count: 32) }
      let identities = identityBytes(identity) + (second.map { identityBytes($0) } ?? [])
      let binders = binderBytes(binder) + (second.map { binderBytes($0) } ?? [])
      return [0, UInt8(identities.count)] + identities + [0, UInt8(binders.count)] + binders
    }
    let token = try #require(TLSEngine.ClientHello.earlyDataToken(ofKeys: keys(1, 2)))
    #expect(TLSEngine.ClientHello.earlyDataToken(ofKeys: keys(1, 2, second: 7)) == token)
    #expect(TLSEngine.ClientHello.earlyDataToken(ofKeys: keys(1, 3)) != token)
    #expect(TLSEngine.ClientHello.earlyDataToken(ofKeys: keys(2, 2)) != token)
  }
}
