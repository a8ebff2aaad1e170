public import SansIOTLS
public import SansIOTLSTransports

/// A mail client that upgrades to TLS and sends a message.
public struct MailClient: Sendable {
  /// An error: the server sent an unexpected reply, or the message cannot be sent.
  public struct Refused: Error, CustomStringConvertible {
    /// The expected reply and the received one.
    public let description: String
  }

  /// The maximum number of lines of a reply.
  private static let replyLimit = 100
  /// The time limit of a handshake, and of a close to a server that accepts no bytes.
  private static let patience = Duration.seconds(30)

  private let context: TLSContext
  private let serverName: TLSServerName

  /// Creates a client.
  ///
  /// - Parameters:
  ///   - context: a context with a client configuration.
  ///   - serverName: the name of the server.
  public init(context: TLSContext, serverName: TLSServerName) {
    self.context = context
    self.serverName = serverName
  }

  /// Sends a message through TLS, and closes the transport's output, also after an error.
  ///
  /// A server that does not offer TLS receives no mail, because an attacker could have removed the offer.
  ///
  /// - Parameters:
  ///   - message: a message whose addresses are printable ASCII without brackets and spaces, and whose lines contain no
  ///     line break and at most 998 bytes.
  ///   - transport: a connection to the server, in plaintext.
  ///   - leavingTLS: whether to return to plaintext with CCC before QUIT.
  /// - Returns: the negotiated parameters.
  /// - Throws: ``Refused``, before anything is sent if the message is invalid; `TLSStreamError`; the transport's error.
  @discardableResult
  public func send<Transport: ByteTransport>(
    _ message: MailMessage, over transport: Transport, leavingTLS: Bool = false
  ) async throws -> TLSEngine.NegotiatedParameters {
    do {
      if let defect = message.defect { throw Refused(description: defect) }
      return try await converse(message, transport, leavingTLS)
    } catch {
      try? await transport.closeOutput()
      throw error
    }
  }

  private func converse<Transport: ByteTransport>(
    _ message: MailMessage, _ transport: Transport, _ leavingTLS: Bool
  ) async throws -> TLSEngine.NegotiatedParameters {
    var channel = LineChannel(transport)
    try await Self.expect("220", from: &channel)
    let offers = try await Self.request("EHLO localhost", "250", on: &channel)
    guard offers.contains(where: { $0.dropFirst(4).uppercased() == "STARTTLS" }) else {
      throw Refused(description: "the server does not offer STARTTLS")
    }
    try await Self.request("STARTTLS", "220", on: &channel)
    guard channel.buffered.isEmpty else { throw Refused(description: "plaintext after the reply to STARTTLS") }
    let stream = TLSStream(try TLSEngine(.client(serverName: serverName), context: context), over: transport)
    do {
      let negotiated = try await stream.handshake(until: .now + Self.patience)
      try await converse(message, through: stream, leavingTLS)
      return negotiated
    } catch {
      // Sends close_notify, or the alert that describes the error.
      try? await stream.close(until: .now + Self.patience)
      throw error
    }
  }

  private func converse<Transport>(
    _ message: MailMessage, through stream: TLSStream<Transport>, _ leavingTLS: Bool
  ) async throws {
    var secured = LineChannel(stream)
    try await Self.request("EHLO localhost", "250", on: &secured)
    try await Self.request("MAIL FROM:<\(message.sender)>", "250", on: &secured)
    for recipient in message.recipients { try await Self.request("RCPT TO:<\(recipient)>", "250", on: &secured) }
    try await Self.request("DATA", "354", on: &secured)
    for line in message.lines { try await secured.send(line.dotStuffed) }
    try await Self.request(".", "250", on: &secured)
    guard leavingTLS else {
      try await Self.request("QUIT", "221", on: &secured)
      return try await stream.close()
    }
    try await Self.request("CCC", "200", on: &secured)
    // Bytes received through TLS must not be dropped when plaintext follows.
    guard secured.buffered.isEmpty else { throw Refused(description: "bytes in TLS after the reply to CCC") }
    let (transport, trailing) = try await stream.unwrap()
    var plain = LineChannel(transport, buffered: trailing)
    try await Self.request("NOOP", "250", on: &plain)
    try await Self.request("QUIT", "221", on: &plain)
    try await transport.closeOutput()
  }

  @discardableResult
  private static func request<Transport>(
    _ command: String, _ code: String, on channel: inout LineChannel<Transport>
  ) async throws -> [String] {
    try await channel.send(command)
    return try await expect(code, from: &channel)
  }

  /// Reads a reply; all its lines but the last have a dash after the code (RFC 5321, section 4.2.1).
  @discardableResult
  private static func expect<Transport>(
    _ code: String, from channel: inout LineChannel<Transport>
  ) async throws -> [String] {
    var lines: [String] = []
    while let line = try await channel.line() {
      lines.append(line)
      guard lines.count <= Self.replyLimit else { throw Refused(description: "a reply that does not end") }
      guard line.hasPrefix(code) else { throw Refused(description: "expected \(code), got \(line)") }
      if line.utf8.dropFirst(3).first != UInt8(ascii: "-") { return lines }
    }
    throw Refused(description: "expected \(code), got the end of the connection")
  }
}
