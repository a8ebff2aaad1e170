public import SansIOTLS
public import SansIOTLSTransports

/// The client's side: upgrades, sends a message, and leaves.
public struct MailClient: Sendable {
  /// The server said something else than what the dialogue needs, or the message cannot be sent.
  public struct Refused: Error, CustomStringConvertible {
    /// What was expected, and what came.
    public let description: String
  }

  /// How many lines a reply has at most.
  private static let replyLimit = 100
  /// How long a handshake may take, and how long a server may take nothing of what ends TLS.
  private static let patience = Duration.seconds(30)

  private let context: TLSContext
  private let serverName: TLSServerName

  /// Makes a client.
  ///
  /// - Parameters:
  ///   - context: a client's context.
  ///   - serverName: whom the client means to reach.
  public init(context: TLSContext, serverName: TLSServerName) {
    self.context = context
    self.serverName = serverName
  }

  /// Sends a message through TLS. A server that does not offer TLS is not spoken to: whoever is on the way could have cut
  /// the offer out. Whatever comes of it, the transport's sending is ended.
  ///
  /// - Parameters:
  ///   - message: its addresses are printable ASCII without brackets and spaces, its lines hold no line break and at most 998
  ///     bytes.
  ///   - transport: to the server, in clear.
  ///   - leavingTLS: goes back to clear by CCC before QUIT.
  /// - Returns: what TLS agreed on.
  /// - Throws: ``Refused``, before anything is sent if it is the message's fault; `TLSStreamError`; the transport's error.
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
    let offers = try await Self.ask("EHLO localhost", "250", of: &channel)
    guard offers.contains(where: { $0.dropFirst(4).uppercased() == "STARTTLS" }) else {
      throw Refused(description: "the server does not offer STARTTLS")
    }
    try await Self.ask("STARTTLS", "220", of: &channel)
    guard channel.buffered.isEmpty else { throw Refused(description: "bytes in clear behind the answer to STARTTLS") }
    let stream = TLSStream(try TLSEngine(.client(serverName: serverName), context: context), over: transport)
    do {
      let negotiated = try await stream.handshake(until: .now + Self.patience)
      try await converse(message, through: stream, leavingTLS)
      return negotiated
    } catch {
      // The server is told, by close_notify or by the alert that says what is wrong.
      try? await stream.close(until: .now + Self.patience)
      throw error
    }
  }

  private func converse<Transport>(
    _ message: MailMessage, through stream: TLSStream<Transport>, _ leavingTLS: Bool
  ) async throws {
    var secured = LineChannel(stream)
    try await Self.ask("EHLO localhost", "250", of: &secured)
    try await Self.ask("MAIL FROM:<\(message.sender)>", "250", of: &secured)
    for recipient in message.recipients { try await Self.ask("RCPT TO:<\(recipient)>", "250", of: &secured) }
    try await Self.ask("DATA", "354", of: &secured)
    for line in message.lines { try await secured.send(line.dotStuffed) }
    try await Self.ask(".", "250", of: &secured)
    guard leavingTLS else {
      try await Self.ask("QUIT", "221", of: &secured)
      return try await stream.close()
    }
    try await Self.ask("CCC", "200", of: &secured)
    // It came through TLS, and must not be lost where what follows comes in clear.
    guard secured.buffered.isEmpty else { throw Refused(description: "bytes in TLS behind the answer to CCC") }
    let (clear, trailing) = try await stream.unwrap()
    var rest = LineChannel(clear, buffered: trailing)
    try await Self.ask("NOOP", "250", of: &rest)
    try await Self.ask("QUIT", "221", of: &rest)
    try await clear.closeOutput()
  }

  @discardableResult
  private static func ask<Transport>(
    _ command: String, _ code: String, of channel: inout LineChannel<Transport>
  ) async throws -> [String] {
    try await channel.send(command)
    return try await expect(code, from: &channel)
  }

  /// The lines of a reply; all but the last have a dash behind the code (RFC 5321, section 4.2.1).
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
