/// A source of certificates that a peer's chain may end at: self-signed ones, or any, if a configuration sets
/// ``TLSContext/Configuration/acceptsPartialChains``. A configuration takes several sources.
public struct TLSTrustRoots: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case system
    case certificates([TLSCertificate])
    case pem([UInt8])
    case der([UInt8])
    case file(String)
    case directory(String)
  }

  let kind: Kind

  /// The distribution's trust store, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name in its place. If it is empty, the
  /// context has a warning. Corresponds to `SSL_CTX_set_default_verify_paths(3)`.
  public static let system = TLSTrustRoots(kind: .system)

  /// These certificates.
  ///
  /// - Parameter certificates: at least one: roots, self-signed certificates of peers, or others, which count with
  ///   ``TLSContext/Configuration/acceptsPartialChains``.
  /// - Returns: the source.
  public static func certificates(_ certificates: [TLSCertificate]) -> TLSTrustRoots {
    TLSTrustRoots(kind: .certificates(certificates))
  }

  /// The certificates of a PEM text.
  ///
  /// - Parameter bytes: at least one `CERTIFICATE` block.
  /// - Returns: the source.
  public static func pem(_ bytes: [UInt8]) -> TLSTrustRoots { TLSTrustRoots(kind: .pem(bytes)) }

  /// One certificate in DER form.
  ///
  /// - Parameter bytes: the certificate and nothing after it.
  /// - Returns: the source.
  public static func der(_ bytes: [UInt8]) -> TLSTrustRoots { TLSTrustRoots(kind: .der(bytes)) }

  /// A PEM file; libcrypto opens it. Corresponds to `SSL_CTX_load_verify_file(3)`.
  ///
  /// - Parameter path: the file's path.
  /// - Returns: the source.
  public static func file(_ path: String) -> TLSTrustRoots { TLSTrustRoots(kind: .file(path)) }

  /// A directory of certificates named by hash, as `openssl rehash` creates it; libcrypto searches it when it verifies
  /// a chain. A directory that holds none is warned of. Corresponds to `SSL_CTX_load_verify_dir(3)`.
  ///
  /// - Parameter path: the directory's path, without a colon.
  /// - Returns: the source.
  public static func directory(_ path: String) -> TLSTrustRoots { TLSTrustRoots(kind: .directory(path)) }
}
