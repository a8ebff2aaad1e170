public import SansIOTLS
public import SansIOTLSTransports

/// The server's side of a mail dialogue (RFC 5321). It takes mail through TLS only, to which a client upgrades by STARTTLS
/// (RFC 3207). By CCC, a command that FTP has (RFC 4217), a client asks to leave TLS again.
public struct MailServer: Sendable {
  private let context: TLSContext
  private let deliver: @Sendable (MailMessage) -> Void

  /// - Parameters:
  ///   - context: a server's context.
  ///   - deliver: takes each message.
  public init(context: TLSContext, deliver: @escaping @Sendable (MailMessage) -> Void) {
    self.context = context
    self.deliver = deliver
  }

  /// How a part of the dialogue ended.
  private enum End { case quit, startTLS, clear }

  private enum Security { case none, tls, left }

  /// Serves one connection to its end, and ends the transport's sending.
  public func serve<Transport: ByteTransport>(_ transport: Transport) async throws {
    // Guide: starttls
    var channel = LineChannel(transport)
    try await channel.send("220 localhost")
    guard case .startTLS = try await converse(&channel, .none) else { return try await transport.endSending() }
    // What a client, or somebody on the way, sent behind STARTTLS came in clear. Reading it as if it had come through TLS
    // is the injection of CVE-2011-0411.
    guard channel.buffered.isEmpty else {
      try await channel.send("554 Nothing may follow STARTTLS")
      return try await transport.endSending()
    }
    try await channel.send("220 Go ahead")
    let stream = TLSStream(try TLSEngine(.server, context: context), over: transport)
    try await stream.handshake()
    var secured = LineChannel(stream)
    guard case .clear = try await converse(&secured, .tls) else { return try await stream.close() }
    // Both sides end TLS by close_notify; what followed the peer's is the beginning of what comes in clear.
    let (clear, trailing) = try await stream.unwrap()
    var rest = LineChannel(clear, buffered: trailing)
    _ = try await converse(&rest, .left)
    try await clear.endSending()
    // Guide: end
  }

  private func converse<Transport>(_ channel: inout LineChannel<Transport>, _ security: Security) async throws -> End {
    var message = MailMessage()
    while let line = try await channel.line() {
      let (verb, argument) = Self.split(line)
      switch (verb, security) {
      case ("EHLO", .none):
        try await channel.send("250-localhost")
        try await channel.send("250 STARTTLS")
      case ("EHLO", _), ("HELO", _), ("NOOP", _): try await channel.send("250 localhost")
      case ("QUIT", _):
        try await channel.send("221 Bye")
        return .quit
      case ("STARTTLS", .none): return .startTLS
      case ("CCC", .tls):
        try await channel.send("200 In clear from here on")
        return .clear
      case ("MAIL", .tls):
        message = MailMessage(sender: argument)
        try await channel.send("250 OK")
      case ("RCPT", .tls):
        message.recipients.append(argument)
        try await channel.send("250 OK")
      case ("DATA", .tls):
        try await channel.send("354 End by a dot")
        guard let lines = try await Self.body(&channel) else { return .quit }
        message.lines = lines
        deliver(message)
        try await channel.send("250 OK")
      case ("RSET", .tls):
        message = MailMessage()
        try await channel.send("250 OK")
      case ("MAIL", _), ("RCPT", _), ("DATA", _): try await channel.send("530 Must issue a STARTTLS command first")
      default: try await channel.send("502 Not here")
      }
    }
    return .quit
  }

  /// The lines up to the dot; `nil` if the stream ends before.
  private static func body<Transport>(_ channel: inout LineChannel<Transport>) async throws -> [String]? {
    var lines: [String] = []
    while let line = try await channel.line() {
      if line == "." { return lines }
      // A line that begins with a dot was sent with one more (RFC 5321, section 4.5.2).
      lines.append(line.hasPrefix(".") ? String(line.dropFirst()) : line)
    }
    return nil
  }

  /// `MAIL FROM:<a@b>` into the verb and what stands between the brackets.
  private static func split(_ line: String) -> (verb: String, argument: String) {
    let words = line.split(separator: " ", maxSplits: 1)
    let argument = words.count > 1 ? words[1].drop { $0 != "<" }.dropFirst().prefix { $0 != ">" } : ""
    return (words.first.map { $0.uppercased() } ?? "", String(argument))
  }
}
