import ArgumentParser
import SansIOTLS
import SansIOTLSTransports
import Subprocess

/// The server: ciphertext on standard input and output.
struct ServerCommand: AsyncParsableCommand, CheckedCommand {
  static let configuration = CommandConfiguration(
    commandName: "server",
    abstract: "Speaks TLS as a server; ciphertext is standard input and output.",
    usage: """
      tlspipe server --certificate FILE --private-key FILE [options] [-- COMMAND ...]
      tlspipe server --psk-file FILE [options] [-- COMMAND ...]
      """,
    discussion: """
      For inetd, systemd sockets and UCSPI servers, one process for each connection. Plaintext goes through COMMAND's \
      standard input and output; it is started when the handshake is done, with TLS_VERSION, TLS_CIPHER, \
      TLS_SERVER_NAME, TLS_ALPN, TLS_PEER_SUBJECT and TLS_PSK_IDENTITY in its environment, each if there is one.

      With --early-data, COMMAND is started when a client's early data has arrived, with TLS_EARLY_DATA=1 in its \
      environment. Its standard input begins with the early data, and what it writes is sent at once. The client may \
      then be a copy of an earlier one, and fail to complete the handshake.

      EXAMPLES
        socat TCP-LISTEN:4433,fork,reuseaddr \\
          EXEC:"tlspipe server --certificate a.pem --private-key b.pem -- cat"
        tcpserver 0 4433 \\
          tlspipe server --certificate a.pem --private-key b.pem -- ./handler
      """)

  @Option(help: ArgumentHelp("The certificate chain (PEM), this server's own certificate first.", valueName: "file"))
  var certificate: String?

  @Option(
    help: ArgumentHelp(
      "The certificate's private key: a file (PEM), or a URI such as 'pkcs11:token=web;object=key', whose provider "
        + "openssl.cnf loads. The PIN belongs into --passphrase-file.", valueName: "file|uri"))
  var privateKey: String?

  @Option(
    help: ArgumentHelp("The first line of this file opens an encrypted private key, or a token.", valueName: "file"))
  var passphraseFile: String?

  @Flag(help: "Refuse clients that show no certificate issued by --ca.")
  var requireClientCertificate = false

  @Option(
    name: [.long, .customLong("client-ca")],
    help: ArgumentHelp("The authorities (PEM) that may issue client certificates.", valueName: "file"))
  var ca: String?

  @Option(
    help: ArgumentHelp(
      """
      A program, run by sh, that decides about a client's certificate: it reads the chain (PEM), and exits with 0 to \
      serve the client, or with the number of the alert that refuses it (49: access_denied).
      """, valueName: "command"))
  var judge: String?

  @Option(help: ArgumentHelp("The time that the program of --judge has; 30 by default.", valueName: "seconds"))
  var judgeTimeout: Seconds?

  @Option(help: ArgumentHelp("Descriptors for plaintext, to be read and to be written.", valueName: "r,w"))
  var plainFds: DescriptorPair?

  @Option(
    help: ArgumentHelp(
      "Send this OCSP response (DER) about the certificate to clients that ask for one.", valueName: "file"))
  var ocsp: String?

  @Option(
    help: ArgumentHelp(
      """
      Let clients resume sessions, with every process that has these keys: a secret of 64 hexadecimal digits in each \
      line, the current one first, then previous ones.
      """, valueName: "file"))
  var ticketKeys: String?

  @OptionGroup var earlyDataOptions: EarlyDataOptions

  @OptionGroup var revocation: RevocationOptions

  @OptionGroup var options: TLSOptions

  @Argument(parsing: .postTerminator, help: "A program that serves the plaintext.")
  var command: [String] = []

  func check() throws {
    try options.check()
    let isPreShared = options.preSharedKeys.pskFile != nil
    if (certificate == nil || privateKey == nil) && !(isPreShared && certificate == nil && privateKey == nil) {
      throw ValidationError(
        "give this server's certificate chain by --certificate and its key by --private-key, or --psk-file")
    }
    if certificate == nil && (ocsp != nil || passphraseFile != nil || options.libraryOptions.rawPublicKey) {
      throw ValidationError("--ocsp, --passphrase-file and --raw-public-key are for --certificate and --private-key")
    }
    try earlyDataOptions.check(hasTicketKeys: ticketKeys != nil)
    try revocation.check(
      verifies: requireClientCertificate, advice: "require one by --require-client-certificate --ca FILE")
    if (plainFds == nil) == command.isEmpty {
      throw ValidationError("name the plaintext's side: either a COMMAND after --, or --plain-fds")
    }
    if requireClientCertificate != (ca != nil) {
      throw ValidationError("--require-client-certificate and --ca come together")
    }
    if judge != nil, ca == nil {
      throw ValidationError("--judge decides about clients that --require-client-certificate and --ca let show one")
    }
    if judgeTimeout != nil, judge == nil { throw ValidationError("--judge-timeout is for --judge") }
  }

  func run() async throws {
    try checkOrLeave()
    let recording = try options.recording(.server)
    let engine = try makeEngine(recording)
    let command = try await Command(command)
    let plaintext = try plainFds.map {
      try $0.transport(apartFrom: .standard, advice: "open them, or give a COMMAND after --")
    }
    let store = try earlyDataOptions.store()
    let ciphertext = try DescriptorPair.standard.transport(advice: "run under inetd, a UCSPI server, or socat EXEC")
    var relay = Relay(engine, ciphertext: ciphertext, observer: recording, answering: answering(by: store))
    let deadline = options.handshakeDeadline
    let isEarly = earlyDataOptions.earlyData != nil && relay.receiveEarlyData(until: deadline)
    guard isEarly || RelayRun.handshake(&relay, options, until: deadline) else {
      return try ExitReport(RelayRun.run(&relay, options, recording)).leave(options, recording)
    }
    if let plaintext {
      relay.attach(plaintext: plaintext)
      return try ExitReport(RelayRun.run(&relay, options, recording, until: deadline)).leave(options, recording)
    }
    let environment = environment(relay, isEarly: isEarly)
    let (report, status) = try await command!.run(environment: environment) { plaintext, program in
      relay.attach(plaintext: plaintext, decidingEnd: program.outputEnd)
      return RelayRun.run(&relay, options, recording, until: deadline)
    }
    if let status { options.note("COMMAND: \(status)") }
    try ExitReport(report, command: status).leave(options, recording)
  }

  /// Lets the judge and the store of early data answer, if there are any.
  private func answering(by store: EarlyDataStore?) -> ((inout TLSEngine) throws(TLSError) -> Void)? {
    if judge == nil && earlyDataOptions.earlyData == nil { return nil }
    let program = judge.map { Judge(command: $0, patience: judgeTimeout?.duration ?? .seconds(30)) }
    return { engine throws(TLSError) in
      switch engine.question {
      case .clientHello(let hello)?:
        let isNew = hello.earlyDataToken.map { store?.admits($0) ?? true }
        try engine.answer(.serve.acceptingEarlyData(isNew ?? false))
      case .peerCertificates(let presented)?:
        guard let program else { return try engine.answerAsConfigured() }
        try engine.answer(program.answer(presented))
      default: try engine.answerAsConfigured()
      }
    }
  }

  private func makeEngine(_ recording: Recording?) throws -> TLSEngine {
    let library = try options.libraryOptions.library()
    var configuration = TLSContext.Configuration.server([])
    if let certificate, let privateKey {
      configuration.identities = [
        try Credentials.identity(
          chain: NamedFile("--certificate", certificate), key: NamedFile("--private-key", privateKey),
          passphrase: passphraseFile.map { NamedFile("--passphrase-file", $0) }, library: library)
      ]
    }
    try options.apply(to: &configuration, recording, library)
    try options.libraryOptions.applyKeys(to: &configuration)
    try revocation.apply(to: &configuration)
    if let ocsp { configuration.identities[0].stapleHolder = try Credentials.staple(NamedFile("--ocsp", ocsp)) }
    // Without shared keys they would end with this process: no later process could resume a session.
    configuration.resumption = try ticketKeys.map { .tickets(keys: try TicketKeyFile.keys($0)) } ?? .off
    earlyDataOptions.apply(to: &configuration)
    if !options.libraryOptions.peerKey.isEmpty { configuration.clientAuthentication = .required }
    if let ca {
      configuration.trustRoots = [.certificates(try Credentials.certificates(NamedFile("--ca", ca)))]
      configuration.clientAuthentication = .required
      configuration.pausesAtPeerCertificates = judge != nil
    }
    do throws(TLSError) {
      let context = try TLSContext(configuration)
      for warning in context.warnings { StandardError.say("warning: \(TLSErrorText.warning(warning))") }
      return try TLSEngine(.server, context: context, limits: TLSOptions.limits)
    } catch {
      throw Credentials.contextRefused(error, chain: certificate, key: privateKey, serverName: nil)
    }
  }

  /// The connection's parameters for COMMAND. A variable without a value is removed, so that none is inherited.
  private func environment(_ relay: borrowing Relay, isEarly: Bool) -> Environment {
    let negotiated = relay.report.negotiated ?? relay.engine.earlyParameters
    return .inherit.updating([
      "TLS_EARLY_DATA": isEarly ? "1" : nil,
      "TLS_VERSION": negotiated?.version.description,
      "TLS_CIPHER": negotiated?.cipherSuite.description,
      "TLS_SERVER_NAME": negotiated?.serverName,
      "TLS_ALPN": negotiated?.applicationProtocol,
      "TLS_PEER_SUBJECT": relay.engine.peerCertificates.first?.subject.description,
      "TLS_PSK_IDENTITY": negotiated?.preSharedIdentity,
    ])
  }
}
