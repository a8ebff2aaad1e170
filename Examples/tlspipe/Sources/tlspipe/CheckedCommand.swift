import ArgumentParser

/// A command that checks its options when all of them are known to exist: `validate()` of ArgumentParser comes before an
/// option that is unknown is noticed, and would complain of what the misspelt one was meant to say.
protocol CheckedCommand: ParsableCommand {
  /// - Throws: `ValidationError` if the options make no sense together.
  func check() throws
}

extension CheckedCommand {
  /// Checks the options.
  ///
  /// - Throws: `ExitCode` after saying what is wrong, in the form that ArgumentParser has for it.
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
