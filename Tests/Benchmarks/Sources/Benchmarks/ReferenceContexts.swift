import CReference
import SansIOTLS

/// The contexts of the reference, for exactly one protocol version.
///
/// Pointer: made and freed here; whoever uses it keeps this object.
@safe
final class ReferenceContexts {
  let pointer: OpaquePointer

  init(_ version: TLSVersion, _ credentials: Credentials) throws {
    let contexts = unsafe reference_contexts_new(
      Int32(version.rawValue), credentials.authority, credentials.chain, credentials.privateKey, credentials.serverName)
    guard let contexts = unsafe contexts else { throw Failure("the reference cannot make its contexts") }
    unsafe pointer = contexts
  }

  deinit { unsafe reference_contexts_free(pointer) }
}

/// One side of a connection of the reference, at rest. It needs no contexts any more: libssl counts its references.
///
/// Pointer: made and freed here.
@safe
final class ReferenceIdle {
  private let pointer: OpaquePointer

  init(_ contexts: ReferenceContexts, isServer: Bool) throws {
    guard let idle = unsafe reference_idle_new(contexts.pointer, isServer) else {
      throw Failure("the reference cannot rest")
    }
    unsafe pointer = idle
  }

  deinit { unsafe reference_idle_free(pointer) }
}
