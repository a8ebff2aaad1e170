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

/// Two descriptors as an option's value: `R,W`, one to read from and one to write to.
struct DescriptorPair: ExpressibleByArgument {
  let reading: Int32
  let writing: Int32

  static let standard = DescriptorPair(reading: 0, writing: 1)
  /// From the network and to it, as in UCSPI-1996.
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

  /// The transport over them; it closes them at its end.
  ///
  /// - Parameters:
  ///   - other: the descriptors of the connection's other side, which must be others.
  ///   - advice: what to do if they are not open.
  /// - Throws: `ExitCode` after saying so, if one was not open when the program started, or not for its direction, or is used
  ///   already.
  func transport(apartFrom other: DescriptorPair? = nil, advice: String) throws -> NonblockingDescriptorPair {
    if let other, !Set([reading, writing]).isDisjoint(with: [other.reading, other.writing]) {
      throw ExitReport.usage(
        "descriptors \(reading) and \(writing) cannot be used (\(other.reading) and \(other.writing) carry the other side); "
          + "choose others")
    }
    do throws(TransportError) {
      for (number, useless) in [(reading, O_WRONLY), (writing, O_RDONLY)] {
        // A number that was free then is something else by now: the runtime opens descriptors for itself.
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
