internal import SansIOTLSTestKit
internal import Synchronization
public import Testing

/// A trait that attaches the conversations of a test to its failure; see `Trait/conversations`.
public struct ConversationsTrait: TestTrait, SuiteTrait, TestScoping {
  /// Whether a suite applies it to all its tests, which is `true`.
  public var isRecursive: Bool { true }

  init() {}

  /// Collects the conversations of one test and reports them if it fails.
  ///
  /// - Parameters:
  ///   - test: The test.
  ///   - testCase: The test with one of its arguments.
  ///   - function: Runs the test.
  /// - Throws: An error of `function` that ends the test early; any other error is recorded here.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    // Both the suite and the test may have the trait.
    if ConversationLog.Collector.current != nil { return try await function() }
    let collector = ConversationLog.Collector()
    let hasFailed = Mutex(false)
    let reporting: IssueHandlingTrait = .compactMapIssues { issue in
      guard issue.isFailure else { return issue }
      // One report suffices for any number of failures.
      let isFirst = hasFailed.withLock { hasFailed in
        defer { hasFailed = true }
        return !hasFailed
      }
      guard isFirst else { return issue }
      var issue = issue
      let report = collector.report(of: test.id.listed)
      if !report.isEmpty { issue.comments.append(Comment(rawValue: String(report.dropLast()))) }
      return issue
    }
    try await reporting.provideScope(for: test, testCase: testCase) {
      try await ConversationLog.Collector.$current.withValue(collector) {
        try await recordingError(of: test, function)
      }
    }
    guard hasFailed.withLock({ $0 }) else { return }
    for attachment in collector.attachments(of: test.id.listed) {
      Attachment.record(attachment.text, named: attachment.name)
    }
  }
}

/// Records the error that a test throws. The runner would record it too, but after all traits, which could not add to
/// it.
private func recordingError(of test: Test, _ function: @Sendable () async throws -> Void) async throws {
  do {
    try await function()
  } catch let error as ExpectationFailedError {
    throw error  // `#require` recorded it already.
  } catch  where Task.isCancelled {
    throw error  // `Test.cancel` and time limits: the runner handles them.
  } catch {
    Issue.record(error, sourceLocation: test.sourceLocation)
  }
}

extension Trait where Self == ConversationsTrait {
  /// Adds the conversations of ``/SansIOTLSTestKit/EnginePair``s and ``/SansIOTLSTestKit/SimulatedTransport``s to the
  /// first failure of a test: the ladder as text, the actions of the link, the needs and failures of both sides, the
  /// seeds, and the command that repeats the test with the same seed. Attaches the ladders as SVG and the tapes, named
  /// after the test and the seed. The tested code does not have to enable anything.
  ///
  /// ```swift
  /// @Suite(.conversations) struct ClientTests { … }
  /// @Test(.conversations) func `the server's certificate is pinned`() throws { … }
  /// ```
  ///
  /// A failure is a failed expectation, a recorded issue or a thrown error, in the test's task or one that inherits its
  /// task-local values. Of more than eight conversations the latest eight are shown. `swift test --attachments-path`
  /// sets the folder of the attachments.
  public static var conversations: Self { Self() }
}

extension Test.ID {
  /// The test as `swift test list` names it.
  var listed: String { "\(moduleName).\(nameComponents.joined(separator: "/"))" }
}
