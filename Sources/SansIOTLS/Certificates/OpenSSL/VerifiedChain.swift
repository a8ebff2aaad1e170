internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The chain that libcrypto built when it verified a peer's certificates, kept until the application answers.
///
/// `@safe`: the stack and its certificates are owned from init until they move to a store context, or deinit.
/// `@unchecked Sendable`: it belongs to one connection, and one thread at most is inside that.
@safe
final class VerifiedChain: @unchecked Sendable {
  private var chain: OpaquePointer?

  /// Retains each certificate. Corresponds to `X509_STORE_CTX_get1_chain(3)`.
  init(of store: OpaquePointer) { unsafe chain = X509_STORE_CTX_get1_chain(store) }

  /// Transfers the chain. Corresponds to `X509_STORE_CTX_set0_verified_chain(3)`.
  func move(to store: OpaquePointer) {
    unsafe X509_STORE_CTX_set0_verified_chain(store, chain)
    unsafe chain = nil
  }

  deinit { unsafe sitls_x509_stack_free_all(chain) }
}
