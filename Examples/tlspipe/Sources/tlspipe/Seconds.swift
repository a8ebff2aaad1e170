import ArgumentParser

/// A time in seconds as the value of an option: `5` or `0.5`.
struct Seconds: ExpressibleByArgument {
  let duration: Duration

  /// - Parameter argument: a number above 0 and at most a year.
  init?(argument: String) {
    guard let value = Double(argument), value > 0, value <= 31_536_000 else { return nil }
    duration = .seconds(value)
  }

  init(_ duration: Duration) { self.duration = duration }
}

extension Seconds: CustomStringConvertible {
  /// For example `5` or `0.5`.
  var description: String {
    let value = duration / .seconds(1)
    return value == value.rounded() ? "\(Int(value))" : "\(value)"
  }
}
