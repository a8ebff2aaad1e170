internal import SansIOTLS

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The seeds that a test runs with: all of them, or the one that a failure named.
///
/// ```swift
/// @Test(.conversations, arguments: TestSeeds.first(100))
/// func `a bad network is not noticed`(seed: UInt64) throws {
///   var pair = try EnginePair(link: SimulatedLink(seed: seed), in: SeededWorld(seed: seed))
///   try pair.handshake()
/// }
/// ```
///
/// With the environment variable `SANSIOTLS_SEED` set, the test runs with that seed alone:
/// `SANSIOTLS_SEED=17 swift test --filter 'a bad network'`.
public enum TestSeeds {
  /// The environment variable that names one seed, in decimal.
  public static let variable = "SANSIOTLS_SEED"

  /// The numbers from 1 on; or the one seed of the environment, whatever `count` is.
  ///
  /// - Parameter count: how many.
  /// - Returns: the seeds. A variable that holds no number from 0 to 2^64 - 1 is a mistake: it traps.
  public static func first(_ count: Int) -> [UInt64] {
    // Sound: the text is copied at once, and tests do not change the environment.
    let seed = unsafe try? variable.withCText("the variable") { name in
      unsafe getenv(name).map { unsafe String(cString: $0) }
    }
    return first(count, only: seed ?? nil)
  }

  static func first(_ count: Int, only seed: String?) -> [UInt64] {
    guard let seed else { return count < 1 ? [] : Array(1...UInt64(count)) }
    guard let number = UInt64(seed) else { preconditionFailure("\(variable) is \"\(seed)\", and has to be a number") }
    return [number]
  }
}
