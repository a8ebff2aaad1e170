public import SansIOTLS
public import SansIOTLSTransports

/// The server's side of a mail dialogue (RFC 5321). It takes mail through TLS only, to which a client upgrades by STARTTLS
/// (RFC 3207). By CCC, a command that FTP has (RFC 4217), a client asks to leave TLS again.
public struct MailServer: Sendable {
  /// What a client may ask for.
  public struct Limits: Sendable {
    /// The recipients of a message; a further one is answered 452.
    public var recipients = 100
    /// The bytes of a message, line ends included; a longer one is answered 552. So much memory is needed for each client.
    public var messageSize = 1_048_576
    /// How long a handshake may take, and how long a client may take nothing of what ends TLS.
    public var patience = Duration.seconds(30)

    /// Limits for a server of an example.
    public init() {}
  }

  private let context: TLSContext
  private let limits: Limits
  private let deliver: @Sendable (MailMessage) -> Void

  /// Makes a server.
  ///
  /// - Parameters:
  ///   - context: a server's context.
  ///   - limits: what a client may ask for.
  ///   - deliver: takes each message.
  public init(context: TLSContext, limits: Limits = Limits(), deliver: @escaping @Sendable (MailMessage) -> Void) {
    self.context = context
    self.limits = limits
    self.deliver = deliver
  }

  /// How a part of the dialogue ended.
  private enum End { case quit, startTLS, clear }

  private enum Security { case none, tls, left }

  /// Serves one connection to its end, and ends the transport's sending, whatever comes of it.
  ///
  /// - Parameter transport: to the client, in clear.
  /// - Throws: `TLSStreamError`; the transport's error.
  public func serve<Transport: ByteTransport>(_ transport: Transport) async throws {
    do { try await serveOpen(transport) } catch {
      try? await transport.closeOutput()
      throw error
    }
  }

  private func serveOpen<Transport: ByteTransport>(_ transport: Transport) async throws {
    // Guide: starttls
    var channel = LineChannel(transport)
    try await channel.send("220 localhost")
    guard case .startTLS = try await converse(&channel, .none) else { return try await transport.closeOutput() }
    // What a client, or somebody on the way, sent behind STARTTLS came in clear. Reading it as if it had come through TLS
    // is the injection of CVE-2011-0411.
    guard channel.buffered.isEmpty else {
      try await channel.send("554 Nothing may follow STARTTLS")
      return try await transport.closeOutput()
    }
    try await channel.send("220 Go ahead")
    let stream = TLSStream(try TLSEngine(.server, context: context), over: transport)
    do {
      try await stream.handshake(until: .now + limits.patience)
      var secured = LineChannel(stream)
      guard case .clear = try await converse(&secured, .tls) else { return try await stream.close() }
      // The same the other way: what came through TLS is not dropped where the rest comes in clear.
      guard secured.buffered.isEmpty else {
        try await secured.send("554 Nothing may follow CCC")
        return try await stream.close()
      }
      try await secured.send("200 In clear from here on")
      // Both sides end TLS by close_notify; what followed the peer's is the beginning of what comes in clear.
      let (clear, trailing) = try await stream.unwrap()
      var rest = LineChannel(clear, buffered: trailing)
      _ = try await converse(&rest, .left)
      try await clear.closeOutput()
    } catch {
      // The client is told, by close_notify or by the alert that says what is wrong.
      try? await stream.close(until: .now + limits.patience)
      throw error
    }
    // Guide: end
  }

  /// Talks until something else begins. A line that is none ends the dialogue: what it was meant to be cannot be known.
  private func converse<Transport>(_ channel: inout LineChannel<Transport>, _ security: Security) async throws -> End {
    do { return try await answer(&channel, security) } catch let error as LineError {
      try await channel.send("500 \(error)")
      return .quit
    }
  }

  private func answer<Transport>(_ channel: inout LineChannel<Transport>, _ security: Security) async throws -> End {
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
      case ("CCC", .tls): return .clear
      case ("MAIL", .tls) where !MailMessage.isAddress(argument),
        ("RCPT", .tls) where argument.isEmpty || !MailMessage.isAddress(argument):
        try await channel.send("501 Not an address")
      case ("MAIL", .tls):
        message = MailMessage(sender: argument)
        try await channel.send("250 OK")
      case ("RCPT", .tls) where message.recipients.count >= limits.recipients:
        try await channel.send("452 Too many recipients")
      case ("RCPT", .tls):
        message.recipients.append(argument)
        try await channel.send("250 OK")
      case ("DATA", .tls):
        try await channel.send("354 End by a dot")
        switch try await body(&channel) {
        case nil: return .quit
        case .some(nil): try await channel.send("552 Message too big")
        case .some(let lines?):
          message.lines = lines
          deliver(message)
          try await channel.send("250 OK")
        }
      case ("RSET", .tls):
        message = MailMessage()
        try await channel.send("250 OK")
      case ("MAIL", _), ("RCPT", _), ("DATA", _): try await channel.send("530 Must issue a STARTTLS command first")
      default: try await channel.send("502 Not here")
      }
    }
    return .quit
  }

  /// The lines up to the dot; `.some(nil)` if they are too many, `nil` if the stream ends before.
  private func body<Transport>(_ channel: inout LineChannel<Transport>) async throws -> [String]?? {
    var lines: [String] = []
    var size = 0
    while let line = try await channel.line() {
      if line == "." { return .some(size > limits.messageSize ? nil : lines) }
      // Read to the end all the same: the client listens to nothing before.
      size = min(size + line.utf8.count + 2, limits.messageSize + 1)
      if size > limits.messageSize { lines = [] } else { lines.append(line.dotUnstuffed) }
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
