import SansIOTLS

// Guide: stapling client
/// A client that accepts only servers whose certificate its issuer has vouched for recently.
public func staplingClient(trustFile: String) throws(TLSError) -> TLSContext {
  var configuration = TLSContext.Configuration.client()
  configuration.trustRoots = [.file(trustFile)]
  configuration.stapling = .required
  return try TLSContext(configuration)
}
// Guide: end

// Guide: stapling server
/// A server that sends an OCSP staple, and the holder by which the application renews it.
public func staplingServer(
  certificateFile: String, privateKeyFile: String, response: [UInt8]
) throws(TLSError) -> (context: TLSContext, staple: TLSStapleHolder) {
  var identity = try TLSIdentity(certificateFile: certificateFile, privateKeyFile: privateKeyFile)
  let staple = try TLSStapleHolder(response)  // later: try staple.replace(by: renewed)
  identity.stapleHolder = staple
  return (try TLSContext(.server(identity)), staple)
}
// Guide: end

// Guide: renewed CRL
/// Renews the CRL that a server checks its clients by.
public func renew(_ holder: TLSContextHolder, revocationListFile: String) throws(TLSError) {
  var configuration = holder.context.configuration
  configuration.revocation = .leaf(try TLSRevocationList.bundle(file: revocationListFile))
  try holder.replace(by: TLSContext(configuration))
}
// Guide: end

// Guide: pinned client
/// A client that accepts one service's keys alone: the one in use, and one in reserve.
public func pinnedClient(current: String, reserve: String) throws(TLSError) -> TLSContext {
  var configuration = TLSContext.Configuration.client()
  configuration.pinnedKeys = [try TLSPublicKeyPin(current), try TLSPublicKeyPin(reserve)]
  return try TLSContext(configuration)
}
// Guide: end
