/// A first-in-first-out queue in an array. Adding and removing cost constant time on average.
///
/// The places of removed elements stay in front until they are half of the array; the elements themselves are released
/// at once.
package struct FIFO<Element> {
  @usableFromInline
  var places: [Element?] = []
  /// Empty places in front.
  @usableFromInline
  var removedCount = 0

  /// Creates an empty queue.
  @inlinable
  package init() {}

  /// The number of elements.
  @inlinable
  package var count: Int { places.count - removedCount }

  /// Whether there is no element.
  @inlinable
  package var isEmpty: Bool { removedCount == places.count }

  /// The number of elements and empty places in memory.
  package var capacityInUse: Int { places.count }

  /// An element by its position: 0 is the next to be removed.
  @inlinable
  package subscript(position: Int) -> Element {
    get { places[removedCount + position]! }
    _modify { yield &places[removedCount + position]! }
  }

  /// The element that was added last.
  @inlinable
  package var last: Element? { isEmpty ? nil : self[count - 1] }

  /// Adds an element at the end.
  @inlinable
  package mutating func append(_ element: Element) { places.append(element) }

  /// Returns an element to the front.
  @inlinable
  package mutating func prepend(_ element: Element) {
    if removedCount == 0 {
      places.insert(element, at: 0)
    } else {
      removedCount -= 1
      places[removedCount] = element
    }
  }

  /// Removes the oldest element.
  ///
  /// - Returns: The element; `nil` if the queue is empty.
  @inlinable
  package mutating func popFirst() -> Element? {
    if isEmpty { return nil }
    let element = places[removedCount].take()
    removedCount += 1
    if removedCount * 2 > places.count {
      places.removeFirst(removedCount)
      removedCount = 0
    }
    return element
  }

  /// Removes the oldest elements.
  ///
  /// - Parameter count: Their number, at most the queue's.
  @inlinable
  package mutating func removeFirst(_ count: Int) { for _ in 0..<count { _ = popFirst() } }
}

extension FIFO: Sendable where Element: Sendable {}
