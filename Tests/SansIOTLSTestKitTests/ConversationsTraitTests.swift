import SansIOTLS
import SansIOTLSSwiftTesting
import SansIOTLSTestKit
import Synchronization
import Testing

struct ConversationsTraitTests {
  /// Runs a body as a test that has the trait, so often, and returns the issues that come of it, which count no more.
  private func issues(
    traits: Int = 1, of body: @escaping @Sendable () async throws -> Void
  ) async throws -> [Issue] {
    let caught = Mutex<[Issue]>([])
    let catching: IssueHandlingTrait = .compactMapIssues { issue in
      caught.withLock { $0.append(issue) }
      return nil
    }
    let test = try #require(Test.current)
    let body = (0..<traits).reduce(body) { body, _ in
      {
        try await ConversationsTrait.conversations.provideScope(
          for: test, testCase: Test.Case.current, performing: body)
      }
    }
    do {
      try await catching.provideScope(for: test, testCase: Test.Case.current, performing: body)
    } catch is ExpectationFailedError {
      // The runner says nothing of it either: `#require` recorded an issue.
    }
    return caught.withLock { $0 }
  }

  private func report(_ issue: Issue) -> String { issue.comments.map(\.rawValue).joined(separator: "\n") }

  @Test
  func `an expectation that does not hold shows the ladder and the command`() async throws {
    let issues = try await issues {
      var pair = try EnginePair()
      try pair.handshake()
      #expect(pair.client.negotiated == nil)
    }
    let report = report(try #require(issues.first))
    #expect(report.contains("ClientHello"))
    #expect(report.contains("replay: swift test --filter 'SansIOTLSTestKitTests\\.ConversationsTraitTests/"))
    #expect(!report.contains("SANSIOTLS_SEED"))
  }

  @Test
  func `a thrown error shows the ladder and is told as it was thrown`() async throws {
    let issues = try await issues {
      var pair = try EnginePair(link: .truncating(from: .server, after: 100))
      try pair.handshake()
    }
    #expect(issues.count == 1)
    #expect((issues.first?.error as? TLSError)?.code == .truncated)
    #expect(report(try #require(issues.first)).contains("link ends both ways after 100 bytes from the server"))
  }

  @Test
  func `a failure in a child task shows the ladder`() async throws {
    let issues = try await issues {
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          _ = try? EnginePair()
          Issue.record("late")
        }
      }
    }
    #expect(report(try #require(issues.first)).contains("ClientHello"))
  }

  @Test
  func `the seed is named, and stands before the command`() async throws {
    let issues = try await issues {
      _ = try EnginePair(in: SeededWorld(seed: 17))
      Issue.record("seeded")
    }
    let report = report(try #require(issues.first))
    #expect(report.contains("seed of the world 17\n"))
    #expect(report.contains("\nreplay: SANSIOTLS_SEED=17 swift test --filter '"))
  }

  @Test
  func `of several failures the first has the report`() async throws {
    let issues = try await issues {
      _ = try EnginePair()
      Issue.record("first")
      Issue.record("second")
    }
    #expect(issues.map { report($0).contains("ClientHello") } == [true, false])
  }

  @Test
  func `the trait of a suite and that of a test report once`() async throws {
    let issues = try await issues(traits: 2) {
      _ = try EnginePair()
      Issue.record("nested")
    }
    #expect(issues.count == 1)
    #expect(report(try #require(issues.first)).split(separator: "replay: ").count == 2)
  }

  @Test
  func `a known issue and a warning are left as they are`() async throws {
    let issues = try await issues {
      _ = try EnginePair()
      withKnownIssue { Issue.record("known") }
      Issue.record("warning", severity: .warning)
      Issue.record("failure")
    }
    #expect(issues.filter { report($0).contains("ClientHello") }.map(\.comments.first) == ["failure"])
  }

  @Test
  func `a requirement that does not hold is told once`() async throws {
    let issues = try await issues {
      _ = try EnginePair()
      try #require(Bool(false))
    }
    #expect(issues.count == 1)
    #expect(report(try #require(issues.first)).contains("ClientHello"))
  }

  @Test(.conversations)
  func `the trait gathers the conversations of its test`() throws {
    let collector = try #require(ConversationLog.Collector.current)
    let pair = try EnginePair()
    #expect(collector.logs.map(ObjectIdentifier.init) == [ObjectIdentifier(pair.log)])
  }
}
