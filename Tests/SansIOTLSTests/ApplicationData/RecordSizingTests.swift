import Testing

@testable import SansIOTLS

/// The division of writes into records, as a table. Nothing of libssl takes part.
struct RecordSizingTests {
  private static func policy(_ maximum: Int = 16_384, _ start: (record: Int, total: Int)? = nil) -> TLSRecordPolicy {
    var policy = TLSRecordPolicy()
    policy.maximumByteCount = maximum
    policy.smallStart = start.map { TLSRecordPolicy.SmallStart(recordByteCount: $0.record, totalByteCount: $0.total) }
    return policy
  }

  @Test func `the largest records need no division`() {
    #expect(RecordSizing(Self.policy(), agreed: nil, isTLS13: true) == nil)
    #expect(RecordSizing(Self.policy(), agreed: 512, isTLS13: true)?.largest == 512)
    #expect(RecordSizing(Self.policy(1000), agreed: nil, isTLS13: true)?.largest == 1000)
    #expect(RecordSizing(Self.policy(1000), agreed: 4096, isTLS13: false)?.largest == 1000)
    #expect(RecordSizing(Self.policy(16_384, (100, 200)), agreed: nil, isTLS13: true) != nil)
  }

  struct Row: CustomTestStringConvertible {
    let policy: TLSRecordPolicy
    let agreed: Int?
    let room: Int
    let write: Int
    /// Bytes and record size of each part.
    let parts: [[Int]]
    var testDescription: String { "\(write) bytes into \(room), at most \(policy.maximumByteCount)" }
  }

  private static let table: [Row] = [
    Row(policy: policy(512), agreed: nil, room: 1 << 20, write: 2000, parts: [[2000, 512]]),
    // Two records with their overhead fit, a third does not.
    Row(policy: policy(512), agreed: nil, room: 2 * (512 + 22) + 500, write: 2000, parts: [[1024, 512]]),
    Row(policy: policy(512), agreed: nil, room: 1, write: 2000, parts: [[512, 512]]),
    Row(
      policy: policy(16_384, (1000, 2500)), agreed: nil, room: 1 << 20, write: 50_000,
      parts: [[2500, 1000], [47_500, 16_384]]),
    Row(
      policy: policy(16_384, (1000, 2500)), agreed: 512, room: 1 << 20, write: 3000, parts: [[2500, 512], [500, 512]]),
    Row(policy: policy(16_384, (1000, 2500)), agreed: nil, room: 1 << 20, write: 10, parts: [[10, 1000]]),
  ]

  @Test(arguments: table)
  func `a write is divided by size, start and room`(row: Row) throws {
    var sizing = try #require(RecordSizing(row.policy, agreed: row.agreed, isTLS13: true))
    var rest = row.write
    var room = row.room
    var parts: [[Int]] = []
    while rest > 0, room > 0 {
      let part = sizing.part(of: rest, in: room)
      sizing.small.sent(part.byteCount)
      rest -= part.byteCount
      let records = (part.byteCount + part.recordByteCount - 1) / part.recordByteCount
      room -= part.byteCount + records * sizing.overhead
      parts.append([part.byteCount, part.recordByteCount])
      if parts.count == row.parts.count, rest > 0 { break }
    }
    #expect(parts == row.parts)
  }

  /// For every room, what is accepted exceeds it by less than one record.
  @Test(arguments: [true, false])
  func `the room is exceeded by one record at most`(isTLS13: Bool) throws {
    for maximum in [512, 1000, 16_384] {
      let sizing = try #require(RecordSizing(Self.policy(maximum, (64, 1000)), agreed: nil, isTLS13: isTLS13))
      for room in stride(from: 1, to: 100_000, by: 97) {
        let part = sizing.part(of: 1 << 20, in: room)
        let records = (part.byteCount + part.recordByteCount - 1) / part.recordByteCount
        #expect(part.byteCount + records * sizing.overhead <= room + part.recordByteCount + sizing.overhead)
      }
    }
  }

  @Test func `after idleness the records are small again`() throws {
    var sizing = try #require(RecordSizing(Self.policy(16_384, (100, 300)), agreed: nil, isTLS13: true))
    sizing.small.sent(300)
    #expect(sizing.part(of: 1000, in: 1 << 20).recordByteCount == 16_384)
    sizing.small.restart()
    #expect(sizing.part(of: 1000, in: 1 << 20) == RecordSizing.Part(byteCount: 300, recordByteCount: 100))
  }
}
