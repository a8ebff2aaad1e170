import SansIOTLS

// Guide: client context
/// A client that trusts the authorities in a PEM file.
///
/// - Parameter trustFile: the path of one or more certificates.
/// - Returns: the context, for any number of connections.
/// - Throws: `TLSError`, for example `.unreadableFile`.
public func clientContext(trustFile: String) throws(TLSError) -> TLSContext {
  var configuration = TLSContext.Configuration.client()
  configuration.trustRoots = [.file(trustFile)]
  return try TLSContext(configuration)
}
// Guide: end

// Guide: server context
/// A server with a certificate chain and its private key in PEM files.
///
/// - Parameters:
///   - certificateFile: the server's certificate, followed by its intermediates.
///   - privateKeyFile: the private key of the first certificate.
/// - Returns: the context, for any number of connections.
/// - Throws: `TLSError`, for example `.invalidPrivateKey`.
public func serverContext(certificateFile: String, privateKeyFile: String) throws(TLSError) -> TLSContext {
  let identity = try TLSIdentity(certificateFile: certificateFile, privateKeyFile: privateKeyFile)
  let context = try TLSContext(.server(identity))
  for warning in context.warnings { print(warning) }  // for example an expired certificate
  return context
}
// Guide: end

// Guide: mutual TLS
extension TLSContext.Configuration {
  /// A server that requires a certificate of its clients, from the authorities in a file.
  public static func mutualServer(_ identity: TLSIdentity, clientTrustFile: String) -> Self {
    var configuration = Self.server(identity)
    configuration.clientAuthentication = .required
    configuration.trustRoots = [.file(clientTrustFile)]
    return configuration
  }

  /// A client that presents a certificate if the server requests one.
  public static func mutualClient(_ identity: TLSIdentity, trustFile: String) -> Self {
    var configuration = Self.client()
    configuration.trustRoots = [.file(trustFile)]
    configuration.identities = [identity]
    return configuration
  }
}
// Guide: end

// Guide: application protocols
extension TLSContext.Configuration {
  /// The same configuration with HTTP/2 preferred to HTTP/1.1 (ALPN).
  public func negotiatingHTTP() -> Self {
    var configuration = self
    configuration.applicationProtocols = ["h2", "http/1.1"]
    return configuration
  }
}
// Guide: end
