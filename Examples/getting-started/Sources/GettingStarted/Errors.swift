import SansIOTLS
import SansIOTLSTransports

// Guide: errors
/// A line for a log, and whether another attempt can succeed without a change.
public func report(_ error: TLSError) -> (line: String, isWorthRetrying: Bool) {
  switch error.code {
  case .certificateRejected:
    // The result says which certificate of the chain failed and why.
    return ("untrusted peer: \(error.verification?.description ?? error.hint)", false)
  case .alertReceived:
    return ("the peer refused: \(error.alertReceived?.description ?? "")", false)
  case .truncated:
    return ("the connection ended without close_notify", true)
  case .notTLS:
    return (error.hint, false)  // for example that the peer speaks HTTP
  default:
    return ("\(error)", false)
  }
}
// Guide: end

// Guide: stream errors
/// The same for an error of a stream.
public func report(_ error: TLSStreamError) -> (line: String, isWorthRetrying: Bool) {
  if let tls = error.tls { return report(tls) }
  return ("\(error)", error.code == .transport)  // the transport's own error
}
// Guide: end
