/// Servers that a client must not accept, each with one thing wrong, for `localhost`.
///
/// ```swift
/// var pair = try EnginePair(client: clientContext(trusting: bad.trust), server: TLSContext(.server(bad.identity)))
/// #expect(throws: TLSError.self) { try pair.handshake() }
/// ```
extension TestIdentity {
  /// Held until 2020. See ``Defect/expired``.
  ///
  /// - Parameter key: the kind of key.
  /// - Returns: a server's identity, with an authority of its own.
  public static func expired(key: KeyType = .p256) -> TestIdentity { server(key: key, defect: .expired) }

  /// Will hold from 2120 on. See ``Defect/notYetValid``.
  ///
  /// - Parameter key: the kind of key.
  /// - Returns: a server's identity, with an authority of its own.
  public static func notYetValid(key: KeyType = .p256) -> TestIdentity { server(key: key, defect: .notYetValid) }

  /// Is for `wrong.invalid`. See ``Defect/wrongName``.
  ///
  /// - Parameter key: the kind of key.
  /// - Returns: a server's identity, with an authority of its own.
  public static func wrongName(key: KeyType = .p256) -> TestIdentity { server(key: key, defect: .wrongName) }

  /// Vouches for itself. See ``Defect/selfSigned``.
  ///
  /// - Parameter key: the kind of key.
  /// - Returns: a server's identity; its authority did not issue it.
  public static func selfSigned(key: KeyType = .p256) -> TestIdentity { server(key: key, defect: .selfSigned) }

  /// Comes from an authority that nobody knows. See ``Defect/unknownIssuer``.
  ///
  /// - Parameter key: the kind of key.
  /// - Returns: a server's identity; its authority did not issue it.
  public static func unknownIssuer(key: KeyType = .p256) -> TestIdentity { server(key: key, defect: .unknownIssuer) }

  /// Proves clients only. See ``Defect/wrongUsage``.
  ///
  /// - Parameter key: the kind of key.
  /// - Returns: a server's identity, with an authority of its own.
  public static func wrongUsage(key: KeyType = .p256) -> TestIdentity { server(key: key, defect: .wrongUsage) }

  /// Leaves its intermediate out of the chain. See ``Defect/missingIntermediate``.
  ///
  /// - Parameter key: the kind of key.
  /// - Returns: a server's identity, with an authority of its own.
  public static func missingIntermediate(key: KeyType = .p256) -> TestIdentity {
    server(key: key, defect: .missingIntermediate)
  }

  /// Has a key that is too short, RSA with 1024 bits. See ``Defect/weakKey``.
  ///
  /// - Returns: a server's identity, with an authority of its own.
  public static func weakKey() -> TestIdentity { server(defect: .weakKey) }

  /// Has a signature that does not fit. See ``Defect/corruptedSignature``.
  ///
  /// - Parameter key: the kind of key.
  /// - Returns: a server's identity, with an authority of its own.
  public static func corruptedSignature(key: KeyType = .p256) -> TestIdentity {
    server(key: key, defect: .corruptedSignature)
  }

  /// Has a chain longer than libssl follows. See ``Defect/overlongChain``.
  ///
  /// - Parameter key: the kind of key of the leaf.
  /// - Returns: a server's identity, with an authority of its own.
  public static func overlongChain(key: KeyType = .p256) -> TestIdentity { server(key: key, defect: .overlongChain) }

  /// Has the private key of another certificate, so that no context takes it. See ``Defect/mismatchedKey``.
  ///
  /// - Parameter key: the kind of both keys.
  /// - Returns: a server's identity, with an authority of its own.
  public static func mismatchedKey(key: KeyType = .p256) -> TestIdentity { server(key: key, defect: .mismatchedKey) }
}
