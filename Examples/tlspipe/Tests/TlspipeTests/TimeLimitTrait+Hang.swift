import Testing

extension Trait where Self == TimeLimitTrait {
  /// Ends a test whose programs hang. The time is no expectation: the tests run side by side, and each may take as long
  /// as all of them, on a machine that has other work too.
  static var ifItHangs: Self { .timeLimit(.minutes(20)) }
}
