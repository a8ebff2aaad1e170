internal import SansIOTLSTestKit
public import XCTest

/// A test case that reports the conversations of a failed test's ``/SansIOTLSTestKit/EnginePair``s and
/// ``/SansIOTLSTestKit/SimulatedTransport``s: the ladder as text, the actions of the link, the needs and failures of
/// both sides, the seeds, and the command that repeats the test with the same seed. The tested code does not have to
/// enable anything.
///
/// ```swift
/// final class ClientTests: ConversationTestCase {
///   func testTheServersCertificateIsPinned() throws { … }
/// }
/// ```
///
/// A failure is a failed assertion or a thrown error, in `setUp`, the test or `tearDown`. Of more than eight
/// conversations the latest eight are shown. If XCTest does not know the location of a thrown error, it is reported
/// where the test created its latest conversation.
open class ConversationTestCase: XCTestCase {
  private var collector: ConversationLog.Collector?

  /// Runs the test and reports its conversations if it failed.
  open override func invokeTest() {
    let collector = ConversationLog.Collector()
    self.collector = collector
    ConversationLog.Collector.$current.withValue(collector) { super.invokeTest() }
    guard let testRun, testRun.totalFailureCount > 0 else { return }
    let report = collector.report(of: Self.listed(name, of: type(of: self)))
    if !report.isEmpty { deliver(report) }
  }

  #if !canImport(ObjectiveC)
    /// Records a failure. XCTest reports a thrown error at `<EXPR>:0`, which is no location.
    ///
    /// - Parameters:
    ///   - description: A description of the failure.
    ///   - filePath: The source file.
    ///   - lineNumber: The line; 0 if it is unknown.
    ///   - expected: Whether an assertion failed, rather than an error having been thrown.
    open override func recordFailure(
      withDescription description: String, inFile filePath: String, atLine lineNumber: Int, expected: Bool
    ) {
      guard lineNumber == 0, let place = collector?.logs.last?.place else {
        return super.recordFailure(
          withDescription: description, inFile: filePath, atLine: lineNumber, expected: expected)
      }
      super.recordFailure(
        withDescription: description, inFile: "\(place.file)", atLine: Int(place.line), expected: expected)
    }
  #endif

  /// Delivers the report of a failed test. Prints it, unless overridden.
  ///
  /// - Parameter report: Lines, with a line break at the end.
  open func deliver(_ report: String) { print(report, terminator: "") }

  /// Returns the name of a test as `swift test list` prints it.
  ///
  /// - Parameters:
  ///   - name: `Class.test`, or on Apple's systems `-[Module.Class test]`.
  ///   - type: The class.
  private static func listed(_ name: String, of type: ConversationTestCase.Type) -> String {
    let method = name.split { " .]".contains($0) }.last.map(String.init) ?? name
    return "\(String(reflecting: type))/\(method)"
  }
}
