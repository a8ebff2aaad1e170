import SansIOTLS
import SansIOTLSTransports

extension RelayReport.Outcome {
  /// The outcome in a form that tests can compare.
  var summary: String {
    switch self {
    case .running: "running"
    case .clean: "clean"
    case .truncated(let error): "truncated \(error.code)"
    case .tlsFailure(let error): "TLS \(error.code)"
    case .transportFailure(let side, let error): "\(side) \(error)"
    case .incomplete: "incomplete"
    }
  }
}
