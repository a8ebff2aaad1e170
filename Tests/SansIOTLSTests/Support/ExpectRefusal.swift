import SansIOTLS
import Testing

/// Expects a ``TLSError`` whose code and blame are these, and whose hint names the culprits.
@discardableResult
func expectRefusal(
  _ code: TLSError.Code, _ blame: TLSError.Blame, naming culprits: String...,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> TLSError? {
  guard let error = thrownError(body, sourceLocation) else { return nil }
  #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
  #expect(error.blame == blame, "\(error)", sourceLocation: sourceLocation)
  for culprit in culprits {
    #expect(error.hint.contains(culprit), "\(error)", sourceLocation: sourceLocation)
  }
  #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
  return error
}
