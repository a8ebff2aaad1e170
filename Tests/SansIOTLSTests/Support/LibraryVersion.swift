import CSansIOTLSOpenSSL

/// The differences of the libssl that the tests run with from 3.0. It may be later than the headers that they were
/// compiled against.
enum LibraryVersion {
  /// Debian's 3.0.22 and 3.5.9 answer a record of TLS 1.2 that is too short for its suite by bad_record_mac
  /// (CVE-2026-75806). Others may answer it by internal_error.
  static let judgesShortRecords =
    (0x3000_0160..<0x3010_0000).contains(OpenSSL_version_num())
    || (0x3050_0090..<0x3060_0000).contains(OpenSSL_version_num())
  /// 3.0 checks that a received share of a named finite field is in its subgroup; 3.5 does not.
  static let checksSubgroups = OpenSSL_version_num() < 0x3010_0000
  /// From 3.2 on the record layer is another: of a header that is wrong twice, the type is looked at before the
  /// version.
  static let hasNewRecordLayer = OpenSSL_version_num() >= 0x3020_0000
  /// From 3.5 on the default groups include a hybrid with ML-KEM, and a client's key shares are marked among them.
  static let hasHybridGroups = OpenSSL_version_num() >= 0x3050_0000
}
