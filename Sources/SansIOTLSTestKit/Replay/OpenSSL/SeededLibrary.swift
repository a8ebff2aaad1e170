internal import CSansIOTLSOpenSSL
internal import CSansIOTLSSeededRandom
internal import CSansIOTLSShims
internal import SansIOTLS
internal import Synchronization

/// The two library contexts of one `SeededWorld`, one for each side, so that what one side draws does not depend on how
/// far the other has come.
///
/// A library context can never be freed (a thread that drew from it gives its generator back when it ends), so they go
/// back to a pool when the last object made in them is gone.
///
/// `@safe`: the pointers are valid for the life of the process.
/// `@unchecked Sendable`: the C side guards what changes by a mutex.
@safe
final class SeededLibrary: @unchecked Sendable {
  @safe
  private struct Slot: @unchecked Sendable {
    let client: OpaquePointer
    let server: OpaquePointer
  }

  /// The point in time that the certificates are checked at and tickets are issued at.
  static let time: Int64 = 1_767_225_600  // 2026-01-01T00:00:00Z

  private static let pool = Mutex<[Slot]>([])

  private let slot: Slot

  init(seed: UInt64) {
    slot = Self.pool.withLock { $0.popLast() } ?? Self.newSlot()
    unsafe sitls_seeded_library_reset(slot.client, seed)
    // Another sequence for the other side, not merely the same one.
    unsafe sitls_seeded_library_reset(slot.server, ~seed)
  }

  deinit {
    let slot = slot
    Self.pool.withLock { $0.append(slot) }
  }

  private static func newSlot() -> Slot { unsafe Slot(client: make(), server: make()) }

  private static func make() -> OpaquePointer {
    unsafe Minting.made(sitls_seeded_library_new(), "OSSL_LIB_CTX_new, OSSL_PROVIDER_load (about 500 can live at once)")
  }

  private func library(_ side: TLSRole) -> OpaquePointer {
    unsafe side == .client ? slot.client : slot.server
  }

  /// How many times a side drew random bytes so far.
  func draws(_ side: TLSRole) -> UInt64 { unsafe sitls_seeded_library_draws(library(side)) }

  /// The `OSSL_LIB_CTX` of a side.
  func pointer(_ side: TLSRole) -> OpaquePointer {
    unsafe Minting.made(sitls_seeded_library_context(library(side)), "OSSL_LIB_CTX")
  }

  /// The `OSSL_LIB_CTX` that keys and certificates are minted in.
  var minting: OpaquePointer { unsafe pointer(.server) }

  /// What the core makes a context of that side in.
  func context(_ side: TLSRole) -> LibraryContext {
    unsafe LibraryContext(pointer(side), owner: self, prepareTicket: Self.pinTime) { context in
      // A ticket holds the time of its issue, which is pinned; it must not have run out whatever the day.
      unsafe SSL_CTX_set_timeout(context, Self.lifetime)
    }
  }

  /// A hundred years, in seconds.
  private static let lifetime = 3_155_760_000

  private static let pinTime: SSL_CTX_generate_session_ticket_fn = { ssl, _ in
    unsafe sitls_set_session_time(SSL_get_session(ssl), time)
    return 1
  }

  /// A copy of a session that is as old as this moment: the age that a client tells in its ClientHello is 0.
  static func renewed(_ session: TLSSession) -> TLSSession {
    let copy = unsafe Minting.made(SSL_SESSION_dup(session.reference.session), "SSL_SESSION_dup")
    unsafe sitls_set_session_time(copy, Minting.now)
    return unsafe TLSSession(adopting: copy, session.reference.provenance)
  }
}
