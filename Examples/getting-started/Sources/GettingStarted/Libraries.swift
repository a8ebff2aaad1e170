import SansIOTLS

// Guide: a FIPS client
/// A client that uses the algorithms of a FIPS module alone.
///
/// - Parameter configurationFile: activates the providers `fips` and `base`, and names the module's own configuration.
/// - Returns: the context, for any number of connections.
/// - Throws: `TLSError`, for example `.unsatisfiedPropertyQuery` if the file activates no such provider.
public func fipsClientContext(configurationFile: String) throws(TLSError) -> TLSContext {
  var configuration = TLSContext.Configuration.client()
  configuration.library = try TLSLibraryContext(configurationFile: configurationFile, properties: "fips=yes")
  return try TLSContext(configuration)
}
// Guide: end

// Guide: a lean server
/// A server for many handshakes: of libcrypto's algorithms it holds those of TLS.
public func leanServerContext(_ identity: TLSIdentity) throws(TLSError) -> TLSContext {
  var configuration = TLSContext.Configuration.server(identity)
  configuration.library = try TLSLibraryContext.lean()
  return try TLSContext(configuration)
}
// Guide: end

// Guide: groups where they exist
extension TLSContext.Configuration {
  /// Prefers a key exchange that resists quantum computers, if the libssl at run time has it.
  public mutating func preferHybridGroups() throws(TLSError) {
    let wanted: [TLSGroup] = [.X25519MLKEM768, .SecP256r1MLKEM768, .x25519, .secp256r1, .secp384r1]
    let offered = try TLSCapabilities(of: library).groups
    groups = wanted.filter(offered.contains)
  }
}
// Guide: end

// Guide: raw public keys
extension TLSContext.Configuration {
  /// A client for one device, which is known by its key and has no certificate that an authority issued.
  ///
  /// - Parameter publicKey: the device's key in the form SubjectPublicKeyInfo, in DER.
  public static func client(ofDeviceWith publicKey: [UInt8]) -> Self {
    var configuration = Self.client()
    configuration.trustRoots = []
    configuration.acceptedPublicKeys = [publicKey]
    return configuration
  }
}
// Guide: end
