import SansIOTLS
import Testing

/// The error that `body` throws; records an issue if it throws none.
func thrownError(
  _ body: () throws -> Void, _ location: SourceLocation = #_sourceLocation
) -> TLSError? {
  do { try body() } catch let error as TLSError { return error } catch {
    Issue.record("another error: \(error)", sourceLocation: location)
    return nil
  }
  Issue.record("nothing was thrown", sourceLocation: location)
  return nil
}
