import SansIOTLS

extension TLSVersion {
  static let both: [TLSVersion] = [.tls12, .tls13]
}
