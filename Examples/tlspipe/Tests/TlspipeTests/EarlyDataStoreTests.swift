import Glibc
import SansIOTLS
import Testing

@testable import tlspipe

/// The folder of --early-data-store, with a clock of the test.
@Suite struct EarlyDataStoreTests {
  private let workshop = Workshop()
  private let time: Int64 = 1_600_000_000

  private func store() throws -> EarlyDataStore { try EarlyDataStore(workshop.folder("store")) }

  private static func token(_ number: UInt8) -> [UInt8] { [number] + [UInt8](repeating: 0, count: 31) }

  @Test func `an offer is admitted once within the window, wherever it begins`() throws {
    for start in time..<time + 32 {
      let token = Self.token(UInt8(start - time))
      // Another object for each, as another process.
      #expect(try store().admits(token, at: start))
      for later in 0...TLSReplayFilter.windowSeconds { #expect(try !store().admits(token, at: start + later)) }
      // The clocks of two machines differ.
      #expect(try !store().admits(token, at: start - 1))
    }
  }

  @Test func `past periods are removed, and nothing else`() throws {
    workshop.folder("store")
    for name in ["notes", "007", "-5"] { workshop.write("store/\(name)", [1]) }
    #expect(try store().admits(Self.token(1), at: time))
    let first = workshop.names(in: "store")
    #expect(first.count == 5)
    #expect(try store().admits(Self.token(2), at: time + 100))
    let second = workshop.names(in: "store")
    #expect(second.count == 5)
    #expect(first.intersection(second) == ["notes", "007", "-5"])
  }

  @Test func `a period has a file for each of 65536 offers at most`() throws {
    let store = try store()
    #expect(store.admits([1, 2, 3], at: time))
    #expect(!store.admits([1, 2, 4], at: time))
    #expect(store.admits([1, 3, 4], at: time))
    #expect(workshop.names(in: "store/\(time / 16)") == ["0102", "0103"])
  }

  @Test func `what cannot be remembered is rejected`() throws {
    let store = try store()
    // A file where the folder of the period would be.
    workshop.write("store/\(time / 16 + 1)", [])
    #expect(!store.admits(Self.token(1), at: time))
    #expect(!store.admits(Self.token(2), at: time))
    #expect(store.admits(Self.token(2), at: time + 100))
  }
}
