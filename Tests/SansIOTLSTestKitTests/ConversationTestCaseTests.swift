import Foundation
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSXCTest
import Testing
import XCTest

/// Test cases of XCTest that fail on purpose, each in a process of its own: XCTest requires the main thread, and its
/// own runner would count the failures.
struct ConversationTestCaseTests {
  /// Runs test cases and ends the process; their reports are written to the standard output.
  @MainActor
  private static func run(_ bodies: (XCTestCase) throws -> Void...) {
    for body in bodies {
      ConversationTestCase(name: "ConversationTestCase.testSomething", testClosure: body).run()
    }
    // A test case and its run retain each other: the process ends before the leak check could report it.
    fflush(nil)
    _exit(EXIT_SUCCESS)
  }

  /// The report, possibly after bytes of the testing library's own.
  private func output(of result: ExitTest.Result?) throws -> String {
    String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
  }

  @Test
  func `a failed assertion is reported with the ladder, the seed and the command`() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      await Self.run { _ in
        _ = try EnginePair(in: SeededWorld(seed: 17))
        XCTFail("on purpose")
        XCTFail("once more")
      }
    }
    let report = try output(of: result)
    #expect(report.split(separator: "ClientHello").count == 2)
    #expect(report.contains("seed of the world 17\n"))
    #expect(
      report.hasSuffix(
        "\nreplay: SANSIOTLS_SEED=17 swift test --filter 'SansIOTLSXCTest\\.ConversationTestCase/testSomething'\n"))
  }

  /// Prints failures as the runner does.
  private final class Printer: XCTestObservation {
    func testCase(
      _ testCase: XCTestCase, didFailWithDescription description: String, inFile filePath: String?, atLine line: Int
    ) { print("\(filePath ?? ""):\(line): error: \(testCase.name) : \(description)") }
  }

  /// No runner finds it: none of its methods is named like a test.
  final class StreamCase: ConversationTestCase {
    func converse() async throws {
      let (near, far) = SimulatedTransport.pair(
        SimulatedLink(seed: try Application.truncatingSeed(), faults: .truncates))
      try await Application.converse(over: near, far)
    }
  }

  @Test
  func `an asynchronous test of streams reports the ladder, the link's actions, the seed and the command`() async throws
  {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      await MainActor.run {
        XCTestObservationCenter.shared.addTestObserver(Printer())
        let body = asyncTest(StreamCase.converse)
        StreamCase(name: "StreamCase.converse") { try body($0 as! StreamCase)() }.run()
        fflush(nil)
        _exit(EXIT_SUCCESS)
      }
    }
    let report = try output(of: result)
    let seed = try Application.truncatingSeed()
    #expect(report.contains("── ClientHello, "))
    #expect(report.contains("link ends both directions after "))
    #expect(report.contains("\nseed of the link \(seed)\n"))
    #expect(report.contains("\nreplay: SANSIOTLS_SEED=\(seed) swift test --filter '"))
    #expect(report.contains("/ConversationTestCaseTests.swift:"))
    #expect(!report.contains("<EXPR>"))
  }

  // Not inside of the macro, whose lines are its own.
  private static let line = #line + 2
  private static func fail() throws {
    var pair = try EnginePair(link: .truncating(from: .server, after: 100))
    try pair.handshake()
  }

  @Test
  func `a thrown error is reported in the line that created the conversation`() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      await MainActor.run { XCTestObservationCenter.shared.addTestObserver(Printer()) }
      await Self.run { _ in try Self.fail() }
    }
    let report = try output(of: result)
    #expect(report.contains("\(#filePath):\(Self.line): error: "))
    #expect(!report.contains("<EXPR>"))
  }

  @Test
  func `a thrown error is reported with the ladder`() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      await Self.run { _ in
        var pair = try EnginePair(link: .truncating(from: .server, after: 100))
        try pair.handshake()
      }
    }
    #expect(try output(of: result).contains("link ends both directions after 100 bytes from the server"))
  }

  @Test
  func `a test that passes reports nothing, nor does one without a conversation`() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      await Self.run({ _ in _ = try EnginePair() }, { _ in XCTFail("on purpose") })
    }
    #expect(try !output(of: result).contains("replay"))
  }
}
