internal import SansIOTLSTestKit
internal import Synchronization
public import Testing

/// Attaches the conversations of a test to its failure; see ``Testing/Trait/conversations``.
public struct ConversationsTrait: TestTrait, SuiteTrait, TestScoping {
  /// A suite gives it to all tests in it.
  public var isRecursive: Bool { true }

  init() {}

  /// Gathers the conversations of one test and reports them if it fails.
  ///
  /// - Parameters:
  ///   - test: the test.
  ///   - testCase: the test with one of its arguments.
  ///   - function: runs it.
  /// - Throws: what `function` throws to say that the test ended early; any other error is recorded here.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    // The suite has it as well as the test.
    if ConversationLog.Collector.current != nil { return try await function() }
    let collector = ConversationLog.Collector()
    let hasFailed = Mutex(false)
    let reporting: IssueHandlingTrait = .compactMapIssues { issue in
      guard issue.isFailure else { return issue }
      // One report is enough, however many failures there are.
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

/// Records the error that a test throws. The runner would do it too, but behind all traits, where nobody can add to it.
private func recordingError(of test: Test, _ function: @Sendable () async throws -> Void) async throws {
  do {
    try await function()
  } catch let error as ExpectationFailedError {
    throw error  // `#require` recorded it already.
  } catch  where Task.isCancelled {
    throw error  // `Test.cancel` and time limits: the runner knows what they mean.
  } catch {
    Issue.record(error, sourceLocation: test.sourceLocation)
  }
}

extension Trait where Self == ConversationsTrait {
  /// When a test fails, its first failure says what the conversations of its ``SansIOTLSTestKit/EnginePair``s and
  /// ``SansIOTLSTestKit/SimulatedTransport``s were: the ladder as text, what the link did, what both sides needed, what
  /// they failed with, the seeds, and the command that runs the test again with the same seed. The ladders as SVG and
  /// the tapes are attached, named after the test and the seed. Nothing has to be enabled in the code that is tested.
  ///
  /// ```swift
  /// @Suite(.conversations) struct ClientTests { … }
  /// @Test(.conversations) func `the server's certificate is pinned`() throws { … }
  /// ```
  ///
  /// A failure is an expectation that does not hold, a recorded issue or a thrown error, in the test's task or one that
  /// inherits its task-local values. Of more than eight conversations the latest eight are shown.
  /// `swift test --attachments-path` says where attachments go.
  public static var conversations: Self { Self() }
}

extension Test.ID {
  /// The test as `swift test list` names it.
  var listed: String { "\(moduleName).\(nameComponents.joined(separator: "/"))" }
}
