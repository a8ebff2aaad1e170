import SansIOTLS

/// The dialogue with an agent, one request on each connection: two bytes for the scheme, then a text; the answer is a
/// byte (0 for a signature, 1 for a refusal in words), then a text. A text is its length in four bytes, then itself.
extension UnixSocket {
  /// More than any handshake gives to sign.
  private static var limit: Int { 1 << 20 }

  /// Sends a request.
  public func send(_ request: TLSSignatureRequest) throws(AgentError) {
    let scheme = request.scheme.rawValue
    try write([UInt8(scheme >> 8), UInt8(scheme & 0xff)] + Self.text(request.bytes))
  }

  /// Receives a request.
  public func receiveRequest() throws(AgentError) -> TLSSignatureRequest {
    let scheme = try read(2)
    return TLSSignatureRequest(
      scheme: TLSSignatureScheme(rawValue: UInt16(scheme[0]) << 8 | UInt16(scheme[1])), bytes: try receiveText())
  }

  /// Sends a signature, or the reason that there is none.
  public func send(_ answer: Result<[UInt8], AgentError>) throws(AgentError) {
    switch answer {
    case .success(let signature): try write([0] + Self.text(signature))
    case .failure(let error): try write([1] + Self.text(Array(error.description.utf8)))
    }
  }

  /// Receives a signature.
  public func receiveSignature() throws(AgentError) -> [UInt8] {
    let kind = try read(1)[0]
    let text = try receiveText()
    if kind == 0 { return text }
    throw AgentError("the agent refused: \(String(decoding: text, as: UTF8.self))")
  }

  private static func text(_ bytes: [UInt8]) -> [UInt8] {
    let count = UInt32(clamping: bytes.count)
    return [UInt8(count >> 24), UInt8(count >> 16 & 0xff), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)] + bytes
  }

  private func receiveText() throws(AgentError) -> [UInt8] {
    let count = try read(4).reduce(0) { $0 << 8 | Int($1) }
    guard count <= Self.limit else { throw AgentError("a text of \(count) bytes is too long") }
    return count == 0 ? [] : try read(count)
  }
}
