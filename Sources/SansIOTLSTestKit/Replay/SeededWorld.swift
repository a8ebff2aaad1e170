public import SansIOTLS

/// A world in which a seed decides everything: contexts made in it give the same connections byte for byte, in every
/// process, on every day and on every thread.
///
/// ```swift
/// let world = SeededWorld(seed: 7)
/// var pair = try EnginePair(in: world)
/// try pair.handshake()
/// ```
///
/// What is pinned: every random number that libssl and libcrypto draw for these contexts, the time that certificates
/// are checked at, and the time that is written into session tickets. The rest is up to the test: the same calls in the
/// same order. Identities minted by the world are the same too; one minted elsewhere is used as it is.
///
/// Each world has library contexts (`OSSL_LIB_CTX`) to itself, so that worlds of parallel tests do not meet; the
/// default one, and with it every other connection of the process, stays as random as ever. **The keys of these
/// connections are known to everyone who knows the seed.** The engine's own module has no way to make such a context.
///
/// Client and server draw from sequences of their own. A world is for one conversation at a time: two at once, on two
/// threads, would share the sequences. Making one costs little; about 250 can live at once.
public final class SeededWorld: Sendable {
  /// The seed.
  public let seed: UInt64
  let library: SeededLibrary

  /// The world's time, in seconds since 1970: 2026-01-01T00:00:00Z.
  public static let time: Int64 = SeededLibrary.time

  /// Makes a world.
  ///
  /// - Parameter seed: any number.
  public init(seed: UInt64) {
    self.seed = seed
    library = SeededLibrary(seed: seed)
  }

  /// Makes a context in this world. Where the configuration names no time of verification, it is the world's.
  ///
  /// - Parameter configuration: as for ``SansIOTLS/TLSContext``.
  /// - Returns: the context; it keeps what it needs of the world.
  /// - Throws: ``SansIOTLS/TLSError``, as the context's own initialiser.
  ///
  /// Corresponds to `SSL_CTX_new_ex(3)`.
  public func context(_ configuration: TLSContext.Configuration) throws(TLSError) -> TLSContext {
    var configuration = configuration
    configuration.verificationTime = configuration.verificationTime ?? Self.time
    return try TLSContext(configuration, library: library.context(configuration.role))
  }

  /// Mints a root authority, and with it everything that it issues, from the server's sequence.
  ///
  /// - Parameters:
  ///   - name: the common name.
  ///   - key: the kind of key to sign with.
  ///   - validity: from when until when the certificate holds.
  /// - Returns: the authority.
  public func authority(
    name: String = "Test CA", key: TestIdentity.KeyType = .p256, validity: TestIdentity.Validity = .always
  ) -> TestAuthority {
    TestAuthority(name: name, key: key, validity: validity, library: library)
  }

  /// A session as a client of this world is to resume it. A client tells the server how old its session is; in this
  /// copy the age is nothing, whatever time has passed. (``EnginePair`` does this by itself.)
  ///
  /// - Parameter session: one that was made in a world.
  /// - Returns: a copy.
  public func resumable(_ session: TLSSession) -> TLSSession { SeededLibrary.renewed(session) }

  /// How often a side drew random bytes so far. Where two runs of one seed part ways, this tells whether they asked for
  /// randomness differently.
  ///
  /// - Parameter side: which side's sequence.
  /// - Returns: the number of draws.
  public func draws(_ side: TLSRole) -> UInt64 { library.draws(side) }
}
