public import SansIOTLS
public import SansIOTLSTransports

/// A mail server (RFC 5321) that accepts mail through TLS only.
///
/// A client upgrades to TLS with STARTTLS (RFC 3207), and ends TLS with CCC, a command of FTP (RFC 4217).
public struct MailServer: Sendable {
  /// The limits of a client's requests.
  public struct Limits: Sendable {
    /// The maximum number of recipients of a message; the reply to another is 452.
    public var recipients = 100
    /// The maximum size of a message in bytes, line ends included; the reply to a larger one is 552. Each client needs
    /// this amount of memory.
    public var messageSize = 1_048_576
    /// The time limit of a handshake, and of a close to a client that accepts no bytes.
    public var patience = Duration.seconds(30)

    /// Creates the default limits.
    public init() {}
  }

  private let context: TLSContext
  private let limits: Limits
  private let deliver: @Sendable (MailMessage) -> Void

  /// Creates a server.
  ///
  /// - Parameters:
  ///   - context: a context with a server configuration.
  ///   - limits: the limits of a client's requests.
  ///   - deliver: receives each message.
  public init(context: TLSContext, limits: Limits = Limits(), deliver: @escaping @Sendable (MailMessage) -> Void) {
    self.context = context
    self.limits = limits
    self.deliver = deliver
  }

  /// The end of a part of the dialogue.
  private enum End { case quit, startTLS, endTLS }

  private enum Security { case none, tls, unwrapped }

  /// Serves one connection to its end, and closes the transport's output, also after an error.
  ///
  /// - Parameter transport: a connection to the client, in plaintext.
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
    // Bytes after STARTTLS were sent in plaintext, by the client or by an attacker. To read them as if they were
    // received through TLS is the injection of CVE-2011-0411.
    guard channel.buffered.isEmpty else {
      try await channel.send("554 Nothing may follow STARTTLS")
      return try await transport.closeOutput()
    }
    try await channel.send("220 Go ahead")
    let stream = TLSStream(try TLSEngine(.server, context: context), over: transport)
    do {
      try await stream.handshake(until: .now + limits.patience)
      var secured = LineChannel(stream)
      guard case .endTLS = try await converse(&secured, .tls) else { return try await stream.close() }
      // Likewise, bytes received through TLS must not be dropped when plaintext follows.
      guard secured.buffered.isEmpty else {
        try await secured.send("554 Nothing may follow CCC")
        return try await stream.close()
      }
      try await secured.send("200 Plaintext from here")
      // Both sides end TLS with close_notify; bytes after the peer's are plaintext.
      let (transport, trailing) = try await stream.unwrap()
      var plain = LineChannel(transport, buffered: trailing)
      _ = try await converse(&plain, .unwrapped)
      try await transport.closeOutput()
    } catch {
      // Sends close_notify, or the alert that describes the error.
      try? await stream.close(until: .now + limits.patience)
      throw error
    }
    // Guide: end
  }

  /// Serves one part of the dialogue. A malformed line ends it, because its meaning is ambiguous.
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
      case ("CCC", .tls): return .endTLS
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
        try await channel.send("354 End with a dot")
        switch try await body(&channel) {
        case nil: return .quit
        case .some(nil): try await channel.send("552 Message too large")
        case .some(let lines?):
          message.lines = lines
          deliver(message)
          try await channel.send("250 OK")
        }
      case ("RSET", .tls):
        message = MailMessage()
        try await channel.send("250 OK")
      case ("MAIL", _), ("RCPT", _), ("DATA", _): try await channel.send("530 Must issue a STARTTLS command first")
      default: try await channel.send("502 Not implemented")
      }
    }
    return .quit
  }

  /// Reads the lines up to the dot; `.some(nil)` if the message is too large, `nil` if the stream ends before.
  private func body<Transport>(_ channel: inout LineChannel<Transport>) async throws -> [String]?? {
    var lines: [String] = []
    var size = 0
    while let line = try await channel.line() {
      if line == "." { return .some(size > limits.messageSize ? nil : lines) }
      // A message that is too large is read to its end, because the client reads no reply before.
      size = min(size + line.utf8.count + 2, limits.messageSize + 1)
      if size > limits.messageSize { lines = [] } else { lines.append(line.dotUnstuffed) }
    }
    return nil
  }

  /// Splits a line such as `MAIL FROM:<a@b>` into the verb and the text between the brackets.
  private static func split(_ line: String) -> (verb: String, argument: String) {
    let words = line.split(separator: " ", maxSplits: 1)
    let argument = words.count > 1 ? words[1].drop { $0 != "<" }.dropFirst().prefix { $0 != ">" } : ""
    return (words.first.map { $0.uppercased() } ?? "", String(argument))
  }
}
