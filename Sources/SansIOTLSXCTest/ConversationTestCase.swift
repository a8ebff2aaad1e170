internal import SansIOTLSTestKit
public import XCTest

/// A test case that, when one of its tests fails, reports what the conversations of the test's
/// ``SansIOTLSTestKit/EnginePair``s and ``SansIOTLSTestKit/SimulatedTransport``s were: the ladder as text, what the
/// link did, what both sides needed, what they failed with, the seeds, and the command that runs the test again with
/// the same seed. Nothing has to be enabled in the code that is tested.
///
/// ```swift
/// final class ClientTests: ConversationTestCase {
///   func testTheServersCertificateIsPinned() throws { … }
/// }
/// ```
///
/// A failure is an assertion that does not hold, or a thrown error, in `setUp`, the test or `tearDown`. Of more than
/// eight conversations the latest eight are shown. Where XCTest does not know the place of a thrown error, it is
/// reported where the test made its latest conversation.
open class ConversationTestCase: XCTestCase {
  private var collector: ConversationLog.Collector?

  /// Runs the test and reports its conversations if it failed.
  open override func invokeTest() {
    let collector = ConversationLog.Collector()
    self.collector = collector
    ConversationLog.Collector.$current.withValue(collector) { super.invokeTest() }
    guard let testRun, testRun.totalFailureCount > 0 else { return }
    let report = collector.report(of: Self.listed(name, of: type(of: self)))
    if !report.isEmpty { tell(report) }
  }

  #if !canImport(ObjectiveC)
    /// Records a failure. XCTest gives a thrown error the place `<EXPR>:0`, which leads nowhere.
    ///
    /// - Parameters:
    ///   - description: what failed.
    ///   - filePath: the source file.
    ///   - lineNumber: the line, 0 if it is not known.
    ///   - expected: whether an assertion failed, rather than that an error was thrown.
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

  /// Takes the report of a test that failed; prints it, unless overridden.
  ///
  /// - Parameter report: lines, with a line break at the end.
  open func tell(_ report: String) { print(report, terminator: "") }

  /// The test as `swift test list` names it.
  ///
  /// - Parameters:
  ///   - name: `Class.test`, or on Apple's systems `-[Module.Class test]`.
  ///   - type: the class.
  private static func listed(_ name: String, of type: ConversationTestCase.Type) -> String {
    let method = name.split { " .]".contains($0) }.last.map(String.init) ?? name
    return "\(String(reflecting: type))/\(method)"
  }
}
