import ArgumentParser

/// A command that checks its options after all are known to exist. ArgumentParser calls `validate()` before it detects
/// an unknown option, and a misspelt option would be reported as a missing one.
protocol CheckedCommand: ParsableCommand {
  /// Checks that the options can be combined.
  ///
  /// - Throws: `ValidationError` if they cannot.
  func check() throws
}

extension CheckedCommand {
  /// Checks the options.
  ///
  /// - Throws: `ExitCode` after reporting the error in ArgumentParser's form.
  func checkOrLeave() throws {
    do {
      try check()
    } catch let error as ValidationError {
      let name = "tlspipe \(Self._commandName)"
      StandardError.write(
        """
        Error: \(error.message)
        Usage: \(Self.configuration.usage ?? "\(name) [options]")
          See '\(name) --help' for more information.

        """)
      throw ExitReport.usage
    }
  }
}
