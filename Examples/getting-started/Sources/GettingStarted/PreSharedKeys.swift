import SansIOTLS

// Guide: device
/// A device that knows one server by a key, and no other.
public func device(_ identity: String, key: [UInt8]) throws(TLSError) -> TLSContext {
  var configuration = TLSContext.Configuration.client()
  configuration.preSharedKeys = [try TLSPreSharedKey(identity: identity, key: key)]
  return try TLSContext(configuration)
}
// Guide: end

// Guide: device server
/// A server of devices whose keys it knows in advance.
public func deviceServer(_ keys: [TLSPreSharedKey]) throws(TLSError) -> TLSContext {
  var configuration = TLSContext.Configuration.server([])
  configuration.preSharedKeys = keys
  return try TLSContext(configuration)
}
// Guide: end

// Guide: device name
/// The device at the other end.
public func deviceName(of engine: borrowing TLSEngine) -> [UInt8]? {
  guard case .preSharedKey(let identity)? = engine.negotiated?.peerAuthentication else { return nil }
  return identity
}
// Guide: end

// Guide: key look-up
/// Looks up the device of a ClientHello.
public func answer(
  _ hello: TLSEngine.ClientHello, lookUp: ([UInt8]) -> TLSPreSharedKey?
) -> TLSEngine.ClientHello.Answer {
  var answer = TLSEngine.ClientHello.Answer.serve
  for identity in hello.preSharedKeyIdentities {
    if let key = lookUp(identity) { answer = answer.accepting(key) }
  }
  return answer
}
// Guide: end
