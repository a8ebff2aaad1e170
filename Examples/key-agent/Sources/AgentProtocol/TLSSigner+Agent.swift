import SansIOTLS

// Guide: a signer
extension TLSSigner {
  /// Returns a signer whose key is held by an agent, another process that listens on a Unix socket.
  ///
  /// Each signature has a connection of its own, so that threads do not wait for each other, and an agent that was
  /// started again is found again. An agent that does not answer in time is an error like one that has ended.
  ///
  /// - Parameters:
  ///   - path: the path of the agent's socket.
  ///   - seconds: the time that the agent has for each answer.
  public static func agent(at path: String, seconds: Int = 2) -> TLSSigner {
    TLSSigner { request in
      let agent = try UnixSocket.connect(to: path, seconds: seconds)
      try agent.send(request)
      return try agent.receiveSignature()
    }
  }
}
// Guide: end

// Guide: a server
/// A server whose private key never enters its process.
///
/// - Parameters:
///   - pem: the server's certificate, followed by its intermediates, in PEM.
///   - agent: the path of the socket of the agent that holds the key.
/// - Returns: the context, for any number of connections on any threads.
/// - Throws: `TLSError`, for example `.invalidCertificate`. The agent is first asked by a handshake.
public func serverContext(certificates pem: [UInt8], agent: String) throws(TLSError) -> TLSContext {
  let chain = try TLSCertificate.bundle(pem: pem)
  return try TLSContext(.server(TLSIdentity(certificates: chain, signer: .agent(at: agent))))
}
// Guide: end
