import CReference

/// One side of an idle connection of the reference. It needs no contexts: libssl counts its references.
///
/// Pointer: created and freed here.
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
