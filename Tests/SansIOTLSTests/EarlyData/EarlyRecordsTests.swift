import Testing

@testable import SansIOTLS

/// The arithmetic of records that a server counts without reading them.
struct EarlyRecordsTests {
  private static func records(
    of maximum: Int, paddedTo padding: Int?, after start: (record: Int, total: Int)? = nil
  ) -> EarlyRecords {
    var policy = TLSRecordPolicy()
    policy.maximumByteCount = maximum
    policy.paddingByteCount = padding
    policy.smallStart = start.map { TLSRecordPolicy.SmallStart(recordByteCount: $0.record, totalByteCount: $0.total) }
    return EarlyRecords(policy)
  }

  @Test(
    arguments: [
      (16_384, nil, 1, 18), (16_384, nil, 16_384, 16_401), (16_384, nil, 16_385, 16_419), (512, nil, 1024, 1_058),
      (16_384, 4096, 1, 4_112), (16_384, 4096, 4_095, 4_112), (16_384, 4096, 4_096, 8_208), (512, 128, 512, 656),
    ] as [(Int, Int?, Int, Int)])
  func `a record counts with its padding, its type and its tag`(
    maximum: Int, padding: Int?, plaintext: Int, expected: Int
  ) {
    #expect(Self.records(of: maximum, paddedTo: padding).byteCount(of: plaintext) == expected)
  }

  @Test(arguments: [(16_384, nil), (512, nil), (16_384, 4096), (512, 128), (700, 3)] as [(Int, Int?)])
  func `the most that fits fits, and a byte more does not`(maximum: Int, padding: Int?) {
    let records = Self.records(of: maximum, paddedTo: padding)
    for room in Array(-1...200) + [655, 656, 4_111, 4_112, 16_400, 16_401, 16_402, 40_000, 100_003] {
      let count = records.plaintext(in: room)
      #expect(records.byteCount(of: count) <= max(room, 0), "\(count) in \(room)")
      #expect(records.byteCount(of: count + 1) > room, "\(count) in \(room)")
    }
  }

  @Test(arguments: [(16_384, nil), (1000, nil), (512, nil), (512, 128)] as [(Int, Int?)])
  func `what is divided at whole records takes no more than the whole`(maximum: Int, padding: Int?) {
    let records = Self.records(of: maximum, paddedTo: padding)
    for room in [1, 1000, 16_389, 16_406, 20_000, 262_144] {
      let part = records.part(of: 1 << 20, in: room, isFirst: true).byteCount
      #expect(part > 0 && part.isMultiple(of: maximum))
      #expect(records.byteCount(of: part) + part / maximum * 5 <= max(room, records.byteCount(of: maximum) + 5))
      #expect(records.byteCount(of: part) + records.byteCount(of: 777) == records.byteCount(of: part + 777))
    }
  }

  private static let starts = [(64, 64), (100, 250), (64, 100_000), (1360, 65_536)]

  @Test(arguments: starts, [(16_384, nil), (2000, 128), (16_384, 4096)] as [(Int, Int?)])
  func `after small records the most that fits fits, and a byte more does not`(
    start: (Int, Int), records: (maximum: Int, padding: Int?)
  ) {
    let whole = Self.records(of: records.maximum, paddedTo: records.padding, after: start)
    for room in Array(-1...300) + [655, 4_111, 4_112, 16_400, 16_402, 40_000, 100_003] {
      let count = whole.plaintext(in: room)
      #expect(whole.byteCount(of: count) <= max(room, 0), "\(count) in \(room)")
      #expect(whole.byteCount(of: count + 1) > room, "\(count) in \(room)")
    }
  }

  /// Each part takes from the small start what it sends.
  @Test(arguments: starts, [(16_384, nil), (2000, 128)] as [(Int, Int?)])
  func `the parts of a write take no more than the whole, whatever the room of each`(
    start: (Int, Int), records: (maximum: Int, padding: Int?)
  ) {
    for room in [1, 700, 3_000, 20_000, 1 << 20] {
      var rest = Self.records(of: records.maximum, paddedTo: records.padding, after: start)
      let whole = rest.byteCount(of: 200_000)
      var written = 0
      var sealed = 0
      while written < 200_000 {
        let part = rest.part(of: 200_000 - written, in: room, isFirst: true)
        #expect(part.byteCount > 0 && part.recordByteCount == (written < start.1 ? start.0 : records.maximum))
        sealed += rest.byteCount(of: part.byteCount)
        rest.small.sent(part.byteCount)
        written += part.byteCount
      }
      #expect(sealed == whole, "\(room)")
      #expect(rest.small.sentCount == start.1)
      rest.small.restart()
      #expect(rest.small.sentCount == 0)
      #expect(rest.part(of: 1, in: 10, isFirst: false).byteCount == 0)
    }
  }
}
