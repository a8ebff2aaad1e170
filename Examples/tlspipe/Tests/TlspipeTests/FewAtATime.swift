import Testing

/// Lets few tests run at a time. Each starts several programs, and some of these have ten seconds for their work:
/// libssl rejects early data that is late.
struct FewAtATime: SuiteTrait, TestTrait, TestScoping {
  private static let room = Room(6)

  var isRecursive: Bool { true }

  func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? { testCase == nil ? nil : self }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    await Self.room.enter()
    let result: Result<Void, any Error>
    do { result = .success(try await function()) } catch { result = .failure(error) }
    await Self.room.leave()
    try result.get()
  }

  /// A room with so many places. Who waits for one enters in turn.
  private actor Room {
    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ places: Int) { self.places = places }

    func enter() async {
      if places > 0 {
        places -= 1
      } else {
        await withCheckedContinuation { waiting.append($0) }
      }
    }

    func leave() {
      if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() }
    }
  }
}

extension Trait where Self == FewAtATime {
  static var fewAtATime: Self { FewAtATime() }
}
