import SansIOTLS
import SansIOTLSTestKit

extension EnginePair {
  subscript(_ role: TLSRole) -> TLSEngine {
    _read { if role == .client { yield client } else { yield server } }
    _modify { if role == .client { yield &client } else { yield &server } }
  }
}
