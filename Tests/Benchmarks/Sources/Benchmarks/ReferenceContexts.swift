import CReference
import SansIOTLS

/// The contexts of the reference, with exactly one protocol version.
/// Pointer: created and freed here; users retain this object.
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
