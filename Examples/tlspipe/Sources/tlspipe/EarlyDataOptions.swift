import ArgumentParser
import SansIOTLS

/// The early data that a server accepts, and the memory of what was accepted: a process serves one connection, so that
/// its own memory would never see a copy.
struct EarlyDataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Accept so many bytes of early data (0-RTT) with a session of --ticket-keys. COMMAND receives them before all \
      else, and is started when they arrive; see TLS_EARLY_DATA.
      """, valueName: "bytes"))
  var earlyData: Int?

  @Option(
    help: ArgumentHelp(
      """
      Remember in this folder what early data was accepted, and reject copies of it. All servers with the same \
      --ticket-keys share one.
      """, valueName: "folder"))
  var earlyDataStore: String?

  @Flag(
    help: """
      Accept copies of early data too. Anyone who has seen a client's early data can send it again during ten seconds, \
      any number of times.
      """)
  var allowReplays = false

  func check(hasTicketKeys: Bool) throws {
    guard let earlyData else {
      if earlyDataStore == nil && !allowReplays { return }
      throw ValidationError("--early-data-store and --allow-replays are for --early-data")
    }
    if !(1...16_777_216).contains(earlyData) {
      throw ValidationError("--early-data \(earlyData) is out of range; choose 1 to 16777216 bytes")
    }
    if !hasTicketKeys { throw ValidationError("--early-data needs sessions; let clients resume them by --ticket-keys") }
    if (earlyDataStore == nil) != allowReplays {
      throw ValidationError(
        earlyDataStore == nil
          ? "--early-data needs a memory of what was accepted; name its folder by --early-data-store, or accept copies "
            + "by --allow-replays"
          : "--early-data-store rejects the copies that --allow-replays accepts; use one of them")
    }
  }

  func apply(to configuration: inout TLSContext.Configuration) {
    guard let earlyData else { return }
    configuration.maximumEarlyDataByteCount = earlyData
    configuration.pausesAtClientHello = true
  }

  /// Opens the store; `nil` if there is none.
  ///
  /// - Throws: `ExitCode` after reporting that it is not a folder, or cannot be used.
  func store() throws -> EarlyDataStore? { try earlyDataStore.map { try EarlyDataStore($0) } }
}
