import CReference

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
