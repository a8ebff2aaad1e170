import CSansIOTLSOpenSSL

/// The differences of the libssl that the tests run with from 3.0. It may be later than the headers that they were
/// compiled against.
enum LibraryVersion {
  /// From 3.2 on the record layer is another: of a header that is wrong twice, the type is looked at before the
  /// version.
  static let hasNewRecordLayer = OpenSSL_version_num() >= 0x3020_0000
  /// From 3.5 on the default groups include a hybrid with ML-KEM, and a client's key shares are marked among them.
  static let hasHybridGroups = OpenSSL_version_num() >= 0x3050_0000
}
