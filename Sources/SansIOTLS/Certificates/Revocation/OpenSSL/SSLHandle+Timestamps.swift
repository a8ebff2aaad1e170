internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension Callbacks {
  /// Accepts all timestamps and none: the application decides about logs. libssl has just parsed what the peer sent,
  /// and may have left entries, which would make SSL_get_error report a failure.
  static let acceptTimestamps: @convention(c) (OpaquePointer?, OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = {
    _, _, _ in
    ErrorQueue.clear()
    return 1
  }
}

extension SSLHandle {
  /// The timestamps that libssl has parsed, written again as values. Corresponds to `SSL_get0_peer_scts(3)` and
  /// `i2o_SCT`.
  var certificateTimestamps: [TLSSignedCertificateTimestamp] {
    ErrorQueue.preserving {
      let list = unsafe SSL_get0_peer_scts(ssl)
      return unsafe (0..<sitls_timestamp_count(list)).compactMap { index in
        var octets: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2o_SCT(sitls_timestamp_at(list, index), &octets)
        defer { unsafe CRYPTO_free(octets, nil, 0) }
        let bytes = unsafe [UInt8](UnsafeBufferPointer(start: octets, count: max(0, Int(count))))
        return TLSSignedCertificateTimestamp(bytes: bytes)
      }
    }
  }
}
