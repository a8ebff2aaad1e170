import SansIOTLSTestKit
import Testing

/// The engines of a test's pairs keep no messages, like an application's: a tap must not hide what the test looks for.
struct WithoutTap: TestTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await EnginePair.$keepsMessages.withValue(false) { try await function() }
  }
}

extension Trait where Self == WithoutTap {
  static var withoutTap: Self { Self() }
}
