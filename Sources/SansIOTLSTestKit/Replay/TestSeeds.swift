internal import SansIOTLS

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The seeds of a test: all of them, or the one that the report of a failure names.
///
/// ```swift
/// @Test(.conversations, arguments: TestSeeds.first(100))
/// func `TLS works over a bad network`(seed: UInt64) throws {
///   var pair = try EnginePair(link: SimulatedLink(seed: seed), in: SeededWorld(seed: seed))
///   try pair.handshake()
/// }
/// ```
///
/// If the environment variable `SANSIOTLS_SEED` is set, the test runs with that seed alone:
/// `SANSIOTLS_SEED=17 swift test --filter 'TLS works over a bad network'`.
public enum TestSeeds {
  /// The environment variable that names one seed, in decimal.
  public static let variable = "SANSIOTLS_SEED"

  /// Returns the numbers from 1, or only the seed of the environment.
  ///
  /// - Parameter count: The number of seeds without a seed of the environment.
  /// - Returns: The seeds. A variable that is not a number from 0 to 2^64 - 1 is a mistake: the call traps.
  public static func first(_ count: Int) -> [UInt64] {
    // Sound: the text is copied at once, and tests do not change the environment.
    let seed = unsafe try? variable.withCText("the variable") { name in
      unsafe getenv(name).map { unsafe String(cString: $0) }
    }
    return first(count, only: seed ?? nil)
  }

  static func first(_ count: Int, only seed: String?) -> [UInt64] {
    guard let seed else { return count < 1 ? [] : Array(1...UInt64(count)) }
    guard let number = UInt64(seed) else { preconditionFailure("\(variable) is \"\(seed)\" and must be a number") }
    return [number]
  }
}
