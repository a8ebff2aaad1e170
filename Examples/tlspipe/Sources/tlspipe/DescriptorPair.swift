import ArgumentParser
import SansIOTLSTransports

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
  /// - Parameter advice: what to do if they are not open.
  /// - Throws: `ExitCode` after saying so, if they are not open.
  func transport(advice: String) throws -> FileDescriptorTransport {
    do throws(TransportError) {
      return try FileDescriptorTransport(reading: reading, writing: writing)
    } catch {
      throw ExitReport.usage("descriptors \(reading) and \(writing) cannot be used (\(error)); \(advice)")
    }
  }
}
