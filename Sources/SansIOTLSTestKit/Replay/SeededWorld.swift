public import SansIOTLS

/// A world in which a seed decides everything: connections of its contexts are the same byte for byte, in every
/// process, on every day and on every thread.
///
/// ```swift
/// let world = SeededWorld(seed: 7)
/// var pair = try EnginePair(in: world)
/// try pair.handshake()
/// ```
///
/// The seed determines every random number that libssl and libcrypto draw for these contexts; the time at which
/// certificates are verified, and the time in session tickets, are fixed. The test is responsible for the rest: the
/// same calls in the same order. Identities issued by the world's authorities are the same too; any other identity is
/// used as it is.
///
/// Each world has library contexts (`OSSL_LIB_CTX`) of its own, which isolate the worlds of parallel tests; the default
/// one, and with it every other connection of the process, remains random. **Anyone who knows the seed knows the keys
/// of these connections.** The engine's own module cannot create such a context.
///
/// Client and server draw from separate sequences. A world is for one conversation at a time: two at once, on two
/// threads, would share the sequences. Creating one costs little; about 250 can exist at once.
public final class SeededWorld: Sendable {
  /// The seed.
  public let seed: UInt64
  let library: SeededLibrary

  /// The world's time, in seconds since 1970: 2026-01-01T00:00:00Z.
  public static let time: Int64 = SeededLibrary.time

  /// Creates a world.
  ///
  /// - Parameter seed: Any number.
  public init(seed: UInt64) {
    self.seed = seed
    library = SeededLibrary(seed: seed)
  }

  /// Creates a context in this world. A configuration without a time of verification uses the world's, and the library
  /// context is the world's, whatever the configuration names.
  ///
  /// - Parameter configuration: The configuration, as for ``/SansIOTLS/TLSContext``.
  /// - Returns: The context, which keeps what it needs of the world.
  /// - Throws: ``/SansIOTLS/TLSError``, as the context's own initializer.
  ///
  /// Corresponds to `SSL_CTX_new_ex(3)`.
  public func context(_ configuration: TLSContext.Configuration) throws(TLSError) -> TLSContext {
    var configuration = configuration
    configuration.verificationTime = configuration.verificationTime ?? Self.time
    return try TLSContext(configuration, library: library.context(configuration.role))
  }

  /// Creates a root authority. It and everything that it issues draw from the server's sequence.
  ///
  /// - Parameters:
  ///   - name: The common name.
  ///   - key: The type of the key that it signs with.
  ///   - validity: The validity period of its certificate.
  /// - Returns: The authority.
  public func authority(
    name: String = "Test CA", key: TestIdentity.KeyType = .p256, validity: TestIdentity.Validity = .always
  ) -> TestAuthority {
    TestAuthority(name: name, key: key, validity: validity, library: library)
  }

  /// Copies a session for a client of this world to resume. A client sends the age of its session to the server; the
  /// age of the copy is 0, whatever time has passed. ``EnginePair`` does this automatically.
  ///
  /// - Parameter session: A session of a world.
  /// - Returns: The copy.
  public func resumable(_ session: TLSSession) -> TLSSession { SeededLibrary.renewed(session) }

  /// Returns the number of times that a side has drawn random bytes. If two runs of one seed differ, this shows whether
  /// they requested randomness differently.
  ///
  /// - Parameter side: The side.
  /// - Returns: The number of draws.
  public func draws(_ side: TLSRole) -> UInt64 { library.draws(side) }
}
