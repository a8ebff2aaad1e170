/// The proof of the client by a full handshake with a server, as bytes that are the same in every process.
///
/// A ticket opens a connection without that proof, so it must have been issued by a context with the same demands. The
/// digest of these bytes is the session id context, which libssl keeps in the ticket and compares.
struct SessionPolicy {
  private(set) var bytes: [UInt8]

  init(_ configuration: TLSContext.Configuration) {
    bytes = Array("SansIOTLS session policy 1".utf8)
    append(configuration.sessionDomain.map { [1] + $0.utf8 } ?? [0])
    switch configuration.clientAuthentication {
    case .none: append([0])
    case .requested: append([1])
    case .required: append([2])
    case .onRequest: append([3])
    }
    // A ticket of a server that serves by its certificate proves no key to one that serves holders of keys alone.
    if configuration.identities.isEmpty || !configuration.preSharedKeys.isEmpty {
      append([7, configuration.identities.isEmpty ? 1 : 0])
      for identity in configuration.preSharedKeys.map(\.identity).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        append(identity)
      }
    }
    // Without a client's certificate there is nothing more to prove.
    guard configuration.clientAuthentication != .none else { return }
    append([configuration.peerVerification == .chain ? 1 : 0])
    append([configuration.acceptsPartialChains ? 1 : 0])
    append([configuration.checksExtendedKeyUsage ? 1 : 0])
    append([configuration.checksStrictly ? 1 : 0])
    append(configuration.pinnedKeys.map(\.sha256).sorted { $0.lexicographicallyPrecedes($1) }.flatMap(\.self))
    append([configuration.revocation.map { $0.coversChain ? 2 : 1 } ?? 0])
    append(configuration.revocation?.lists.flatMap { SHA256.digest(of: $0.der[...]) } ?? [])
    append([configuration.pausesAtPeerCertificates ? 1 : 0])
    append(Array(String(configuration.verificationDepth ?? -1).utf8))
    append(Array(String(configuration.securityLevel ?? -1).utf8))
    for source in configuration.trustRoots { append(source) }
    for key in configuration.acceptedPublicKeys { append([6] + key) }
  }

  private mutating func append(_ value: [UInt8]) { bytes.appendValue(value) }

  /// A file or a directory counts by its path: its contents may differ from machine to machine, and change.
  private mutating func append(_ source: TLSTrustRoots) {
    switch source.kind {
    case .system: append([0])
    case .certificates(let certificates):
      append([1])
      append([])
      for certificate in certificates { append(certificate.der) }
    case .pem(let bytes): append([2] + bytes)
    case .der(let bytes): append([3] + bytes)
    case .file(let path): append([4] + path.utf8)
    case .directory(let path): append([5] + path.utf8)
    }
  }
}
