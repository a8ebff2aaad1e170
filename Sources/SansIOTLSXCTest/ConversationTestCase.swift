internal import SansIOTLSTestKit
public import XCTest

/// A test case that, when one of its tests fails, tells what the conversations of the test's
/// ``SansIOTLSTestKit/EnginePair``s were: the ladder as text, what both sides needed, what they failed with, the seeds, and
/// the command that runs the test again with the same seed.
///
/// ```swift
/// final class ClientTests: ConversationTestCase {
///   func testTheServersCertificateIsPinned() throws { … }
/// }
/// ```
///
/// A failure is an assertion that does not hold, or a thrown error, in `setUp`, the test or `tearDown`. Of more than eight
/// conversations the latest eight are shown.
open class ConversationTestCase: XCTestCase {
  /// Runs the test and tells its conversations if it failed.
  open override func invokeTest() {
    let collector = ConversationLog.Collector()
    ConversationLog.Collector.$current.withValue(collector) { super.invokeTest() }
    guard let testRun, testRun.totalFailureCount > 0 else { return }
    let report = collector.report(of: Self.listed(name, of: type(of: self)))
    if !report.isEmpty { tell(report) }
  }

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
