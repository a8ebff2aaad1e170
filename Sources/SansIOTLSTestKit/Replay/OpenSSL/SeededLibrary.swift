internal import CSansIOTLSOpenSSL
internal import CSansIOTLSSeededRandom
internal import CSansIOTLSShims
internal import SansIOTLS
internal import Synchronization

/// The two library contexts of one `SeededWorld`, one for each side, so that the random numbers of one side do not
/// depend on the progress of the other.
///
/// A library context can never be freed (a thread that drew from it releases its generator when it ends), so they
/// return to a pool after the last object created in them was released.
///
/// `@safe`: the pointers are valid for the life of the process.
/// `@unchecked Sendable`: in C, a mutex protects the state that changes.
@safe
final class SeededLibrary: @unchecked Sendable {
  @safe
  private struct Slot: @unchecked Sendable {
    let client: OpaquePointer
    let server: OpaquePointer
  }

  /// The time at which certificates are verified and tickets are issued.
  static let time: Int64 = 1_767_225_600  // 2026-01-01T00:00:00Z

  private static let pool = Mutex<[Slot]>([])

  private let slot: Slot

  init(seed: UInt64) {
    slot = Self.pool.withLock { $0.popLast() } ?? Self.newSlot()
    unsafe sitls_seeded_library_reset(slot.client, seed)
    // A different sequence for the other side.
    unsafe sitls_seeded_library_reset(slot.server, ~seed)
  }

  deinit {
    let slot = slot
    Self.pool.withLock { $0.append(slot) }
  }

  private static func newSlot() -> Slot { unsafe Slot(client: make(), server: make()) }

  private static func make() -> OpaquePointer {
    unsafe Minting.made(
      sitls_seeded_library_new(), "OSSL_LIB_CTX_new, OSSL_PROVIDER_load (about 500 can exist at once)")
  }

  private func library(_ side: TLSRole) -> OpaquePointer {
    unsafe side == .client ? slot.client : slot.server
  }

  /// Returns the number of times that a side has drawn random bytes.
  func draws(_ side: TLSRole) -> UInt64 { unsafe sitls_seeded_library_draws(library(side)) }

  /// Returns the `OSSL_LIB_CTX` of a side.
  func pointer(_ side: TLSRole) -> OpaquePointer {
    unsafe Minting.made(sitls_seeded_library_context(library(side)), "OSSL_LIB_CTX")
  }

  /// The `OSSL_LIB_CTX` of keys and certificates.
  var minting: OpaquePointer { unsafe pointer(.server) }

  /// Returns the library context for a TLS context of that side.
  func context(_ side: TLSRole) -> TLSLibraryContext {
    unsafe TLSLibraryContext(pointer(side), owner: self, prepareTicket: Self.pinTime) { context in
      // A ticket contains the time of its issue, which is fixed; it must not expire on any day.
      unsafe SSL_CTX_set_timeout(context, Self.lifetime)
    }
  }

  /// A hundred years, in seconds.
  private static let lifetime = 3_155_760_000

  private static let pinTime: SSL_CTX_generate_session_ticket_fn = { ssl, _ in
    unsafe sitls_set_session_time(SSL_get_session(ssl), time)
    return 1
  }

  /// Copies a session with the current time, so that the age that a client sends in its ClientHello is 0.
  static func renewed(_ session: TLSSession) -> TLSSession {
    let copy = unsafe Minting.made(SSL_SESSION_dup(session.reference.session), "SSL_SESSION_dup")
    unsafe sitls_set_session_time(copy, Minting.now)
    return unsafe TLSSession(adopting: copy, session.reference.provenance)
  }
}
