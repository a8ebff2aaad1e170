public import SansIOTLS
public import SansIOTLSTransports

/// The client's side: upgrades, sends a message, and leaves.
public struct MailClient: Sendable {
  /// The server said something else than what the dialogue needs.
  public struct Refused: Error, CustomStringConvertible {
    /// What was expected, and what came.
    public let description: String
  }

  private let context: TLSContext
  private let serverName: ServerName

  /// - Parameters:
  ///   - context: a client's context.
  ///   - serverName: whom the client means to reach.
  public init(context: TLSContext, serverName: ServerName) {
    self.context = context
    self.serverName = serverName
  }

  /// Sends a message through TLS. A server that does not offer TLS is not spoken to: whoever is on the way could have cut
  /// the offer out.
  ///
  /// - Parameter leavingTLS: goes back to clear by CCC before QUIT.
  /// - Returns: what TLS agreed on.
  @discardableResult
  public func send<Transport: ByteTransport>(
    _ message: MailMessage, over transport: Transport, leavingTLS: Bool = false
  ) async throws -> Negotiated {
    var channel = LineChannel(transport)
    try await Self.expect("220", from: &channel)
    let offers = try await Self.ask("EHLO localhost", "250", of: &channel)
    guard offers.contains(where: { $0.dropFirst(4).uppercased() == "STARTTLS" }) else {
      throw Refused(description: "the server does not offer STARTTLS")
    }
    try await Self.ask("STARTTLS", "220", of: &channel)
    guard channel.buffered.isEmpty else { throw Refused(description: "bytes in clear behind the answer to STARTTLS") }
    let stream = TLSStream(try TLSEngine(.client(serverName: serverName), context: context), over: transport)
    let negotiated = try await stream.handshake()
    var secured = LineChannel(stream)
    try await Self.ask("EHLO localhost", "250", of: &secured)
    try await Self.ask("MAIL FROM:<\(message.sender)>", "250", of: &secured)
    for recipient in message.recipients { try await Self.ask("RCPT TO:<\(recipient)>", "250", of: &secured) }
    try await Self.ask("DATA", "354", of: &secured)
    for line in message.lines { try await secured.send(line.hasPrefix(".") ? ".\(line)" : line) }
    try await Self.ask(".", "250", of: &secured)
    if leavingTLS {
      try await Self.ask("CCC", "200", of: &secured)
      let (clear, trailing) = try await stream.unwrap()
      var rest = LineChannel(clear, buffered: trailing)
      try await Self.ask("NOOP", "250", of: &rest)
      try await Self.ask("QUIT", "221", of: &rest)
      try await clear.endSending()
    } else {
      try await Self.ask("QUIT", "221", of: &secured)
      try await stream.close()
    }
    return negotiated
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
      guard line.hasPrefix(code) else { throw Refused(description: "expected \(code), got \(line)") }
      if !line.dropFirst(3).hasPrefix("-") { return lines }
    }
    throw Refused(description: "expected \(code), got the end of the connection")
  }
}
