import SansIOTLS
import SansIOTLSSwiftTesting
import SansIOTLSTestKit
import SansIOTLSTransports
import Synchronization
import Testing

struct ConversationsTraitTests {
  /// Runs a body as a test with the trait, a number of times, and returns its issues, which no longer count.
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
      // The runner does not report it either: `#require` recorded an issue.
    }
    return caught.withLock { $0 }
  }

  private func report(_ issue: Issue) -> String { issue.comments.map(\.rawValue).joined(separator: "\n") }

  @Test
  func `a failed expectation is reported with the ladder and the command`() async throws {
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
  func `a thrown error is reported unchanged, with the ladder`() async throws {
    let issues = try await issues {
      var pair = try EnginePair(link: .truncating(from: .server, after: 100))
      try pair.handshake()
    }
    #expect(issues.count == 1)
    #expect((issues.first?.error as? TLSError)?.code == .truncated)
    #expect(report(try #require(issues.first)).contains("link ends both directions after 100 bytes from the server"))
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
  func `the seed is named before the command`() async throws {
    let issues = try await issues {
      _ = try EnginePair(in: SeededWorld(seed: 17))
      Issue.record("seeded")
    }
    let report = report(try #require(issues.first))
    #expect(report.contains("seed of the world 17\n"))
    #expect(report.contains("\nreplay: SANSIOTLS_SEED=17 swift test --filter '"))
  }

  @Test
  func `the first of several failures has the report`() async throws {
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
  func `a known issue and a warning are unchanged`() async throws {
    let issues = try await issues {
      _ = try EnginePair()
      withKnownIssue { Issue.record("known") }
      Issue.record("warning", severity: .warning)
      Issue.record("failure")
    }
    #expect(issues.filter { report($0).contains("ClientHello") }.map(\.comments.first) == ["failure"])
  }

  @Test
  func `a failed requirement is reported once`() async throws {
    let issues = try await issues {
      _ = try EnginePair()
      try #require(Bool(false))
    }
    #expect(issues.count == 1)
    #expect(report(try #require(issues.first)).contains("ClientHello"))
  }

  @Test
  func `code on streams over a bad network reports the ladder, the link's actions, the seed and the command`()
    async throws
  {
    let seed = try Application.truncatingSeed()
    let issues = try await issues {
      let (near, far) = SimulatedTransport.pair(SimulatedLink(seed: seed, faults: .truncates))
      try await Application.converse(over: near, far)
    }
    let report = report(try #require(issues.first))
    #expect((issues.first?.error as? TLSStreamError)?.tls?.code == .truncated)
    #expect(report.contains("── ClientHello, "))
    #expect(report.contains("link ends both directions after "))
    #expect(report.contains("! client failed: truncated"))
    #expect(report.contains("\nseed of the link \(seed)\n"))
    #expect(report.contains("\nreplay: SANSIOTLS_SEED=\(seed) swift test --filter 'SansIOTLSTestKitTests\\."))
  }

  @Test(arguments: [false, true])
  func `a pair of an application's own contexts shows its messages`(makesEngines: Bool) async throws {
    let issues = try await issues {
      let contexts = try Application.contexts()
      var pair =
        makesEngines
        ? EnginePair(
          client: try TLSEngine(.client(serverName: .dns("localhost")), context: contexts.client),
          server: try TLSEngine(.server, context: contexts.server))
        : try EnginePair(client: contexts.client, server: contexts.server)
      try pair.handshake()
      Issue.record("on purpose")
    }
    let report = report(try #require(issues.first))
    for name in ["needsFeed │── ClientHello", "ServerHello", "{Certificate}", "{Finished}"] {
      #expect(report.replacing(/─+/, with: "──").contains(name), "\(report)")
    }
  }

  @Test
  func `attachments are named after the test and the seed`() async throws {
    let collector = ConversationLog.Collector()
    try ConversationLog.Collector.$current.withValue(collector) {
      _ = try EnginePair(in: SeededWorld(seed: 17))
      _ = SimulatedTransport.pair(SimulatedLink(seed: 18))
      _ = try EnginePair()
    }
    let attachments = collector.attachments(of: "Module.Suite/`a test: its /name/`(seed:)")
    #expect(
      attachments.map(\.name) == [
        "Module-Suite-a-test-its-name-seed-seed-17-conversation-1.svg",
        "Module-Suite-a-test-its-name-seed-seed-17-conversation-1.tape",
        "Module-Suite-a-test-its-name-seed-seed-18-conversation-2.svg",
        "Module-Suite-a-test-its-name-seed-conversation-3.svg",
      ])
    #expect(attachments[0].text.hasPrefix("<svg"))
    #expect(attachments[1].text.contains("17"))
  }

  @Test(.conversations)
  func `the trait collects the conversations of its test`() throws {
    let collector = try #require(ConversationLog.Collector.current)
    let pair = try EnginePair()
    #expect(collector.logs.map(ObjectIdentifier.init) == [ObjectIdentifier(pair.log)])
  }
}
