import ArgumentParser
import CInheritance
import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Two descriptors as the value of an option: `R,W`, one to read from and one to write to.
struct DescriptorPair: ExpressibleByArgument {
  let reading: Int32
  let writing: Int32

  static let standard = DescriptorPair(reading: 0, writing: 1)
  /// The descriptors from and to the network, as in UCSPI-1996.
  static let ucspi = DescriptorPair(reading: 6, writing: 7)

  init(reading: Int32, writing: Int32) {
    self.reading = reading
    self.writing = writing
  }

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int32($0) }
    guard numbers.count == 2, let reading = numbers[0], let writing = numbers[1], min(reading, writing) >= 0 else {
      return nil
    }
    self.init(reading: reading, writing: writing)
  }

  /// Creates a transport over the descriptors, which it closes at its end.
  ///
  /// - Parameters:
  ///   - other: the descriptors of the other side of tlspipe, which must differ.
  ///   - advice: the remedy if they are not open.
  /// - Throws: `ExitCode` after a message, if a descriptor was not open when the program started, is not open for its
  ///   direction, or is already in use.
  func transport(apartFrom other: DescriptorPair? = nil, advice: String) throws -> NonblockingDescriptorPair {
    if let other, !Set([reading, writing]).isDisjoint(with: [other.reading, other.writing]) {
      throw ExitReport.usage(
        "descriptors \(reading) and \(writing) cannot be used (\(other.reading) and \(other.writing) carry the other "
          + "side); choose others")
    }
    do throws(TransportError) {
      for (number, useless) in [(reading, O_WRONLY), (writing, O_RDONLY)] {
        // A number that was free then may belong to the runtime now, which opens descriptors of its own.
        guard tlspipe_inherited_descriptor(number) == 1, fcntl(number, F_GETFL) & O_ACCMODE != useless else {
          throw TransportError(.prepare, number: EBADF)
        }
      }
      return try NonblockingDescriptorPair(reading: reading, writing: writing)
    } catch {
      throw ExitReport.usage("descriptors \(reading) and \(writing) cannot be used (\(error)); \(advice)")
    }
  }
}
