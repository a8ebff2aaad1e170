internal import Synchronization

/// A reference that any thread may read while another replaces it.
///
/// A reader never waits: it enters, retains what it finds, and leaves, a few instructions in all. A replacement waits
/// until no reader is inside, since one might be about to retain what was replaced.
///
/// `@safe`: the object is owned from init or a replacement to the next, or deinit.
@safe
final class Exchangeable<Object: AnyObject & Sendable>: Sendable {
  // Each side writes one of the two and then reads the other, which no weaker order than the sequentially consistent
  // one makes right: either the reader finds the new object, or the replacement finds the reader.
  private let current: Atomic<Unmanaged<Object>>
  private let readers = Atomic<Int>(0)

  init(_ object: Object) { unsafe current = Atomic(Unmanaged.passRetained(object)) }

  deinit { unsafe current.load(ordering: .acquiring).release() }

  /// The object at this moment.
  var value: Object {
    readers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    defer { readers.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
    // Retained by the count above before the replacement may release it.
    return unsafe current.load(ordering: .sequentiallyConsistent).takeUnretainedValue()
  }

  /// Replaces the object. Those who read it before keep it.
  func replace(by object: Object) {
    let old = unsafe current.exchange(Unmanaged.passRetained(object), ordering: .sequentiallyConsistent)
    while readers.load(ordering: .sequentiallyConsistent) != 0 {}
    unsafe old.release()
  }
}
