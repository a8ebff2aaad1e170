import ArgumentParser
import SansIOTLS
import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The client: plaintext on standard input and output.
struct ClientCommand: AsyncParsableCommand, CheckedCommand {
  static let configuration = CommandConfiguration(
    commandName: "client",
    abstract: "Connects as a TLS client; plaintext is standard input and output.",
    usage: "tlspipe client --server-name NAME [options] [-- COMMAND ...]",
    discussion: """
      Ciphertext goes through COMMAND's standard input and output; without COMMAND through descriptor 6 (from the \
      network) and 7 (to it), as UCSPI clients pass them.

      EXAMPLES
        tlspipe client --server-name a.example -- socat - TCP:a.example:443
        tlspipe client --server-name box --ca ca.pem -- ssh gate nc box 443
        tcpclient a.example 443 tlspipe client --server-name a.example
        tlspipe client --psk-file box.psk -- nc box 5684
        tlspipe client --server-name box --session box.session --early-data request -- nc box 443
        tlspipe client --server-name box --ladder --capture box.pcapng -- nc box 443
      """)

  @Option(help: "The name that the server's certificate must contain: a DNS name or an IP address.")
  var serverName: String?

  @Option(help: ArgumentHelp("Trust the certificates of this PEM file, and not the system's.", valueName: "file"))
  var ca: String?

  @Flag(help: "Do not verify certificates. Anyone between the two sides can then read and change everything.")
  var insecure = false

  @Option(
    name: [.long, .customLong("client-certificate")],
    help: ArgumentHelp("Present this certificate chain (PEM) to a server that requests one.", valueName: "file"))
  var certificate: String?

  @Option(
    name: [.long, .customLong("client-key")],
    help: ArgumentHelp(
      "The certificate's private key: a file (PEM), or a URI such as 'pkcs11:token=web;object=key', whose provider "
        + "openssl.cnf loads. The PIN belongs into --passphrase-file.", valueName: "file|uri"))
  var privateKey: String?

  @Option(
    help: ArgumentHelp("The first line of this file opens an encrypted private key, or a token.", valueName: "file"))
  var passphraseFile: String?

  @Option(help: ArgumentHelp("Descriptors for ciphertext, from the network and to it.", valueName: "r,w"))
  var cipherFds: DescriptorPair?

  @Option(
    help: ArgumentHelp(
      "The time that COMMAND may run after the connection's end; then it receives SIGHUP, after this time again "
        + "SIGTERM, and at last SIGKILL.", valueName: "seconds"))
  var carrierGrace = Seconds(.seconds(5))

  @Option(
    help: ArgumentHelp(
      "Ask the server for an OCSP staple and refuse a bad one (request), or a missing one too (require).",
      valueName: "request|require"))
  var ocsp: StapleDemand?

  /// The values of --ocsp.
  enum StapleDemand: String, ExpressibleByArgument, CaseIterable {
    case request
    case require
  }

  @Option(
    help: ArgumentHelp(
      """
      Resume the session in this file if there is one, and keep the server's newest there. It is as secret as a private \
      key, and only its owner can read it.
      """, valueName: "file"))
  var session: String?

  @Option(
    help: ArgumentHelp(
      """
      Send this file before standard input, and as early data (0-RTT) if the server allows that with the session of \
      --session: anyone who sees it can then send it to the server again, so put only in it what may be executed \
      twice. It arrives in any case: what is not accepted as early data is sent after the handshake. A line on standard \
      error says which of both happened.
      """, valueName: "file"))
  var earlyData: String?

  @OptionGroup var revocation: RevocationOptions

  @OptionGroup var options: TLSOptions

  @Argument(parsing: .postTerminator, help: "A program that carries the ciphertext.")
  var command: [String] = []

  func check() throws {
    try options.check()
    let isPreShared = options.preSharedKeys.pskFile != nil
    if serverName == nil && !insecure && !isPreShared {
      throw ValidationError("give the server's name by --server-name; its certificate is verified against it")
    }
    let isOfCertificates = insecure || ca != nil || ocsp != nil || !revocation.pin.isEmpty || !revocation.crl.isEmpty
    if isPreShared && (isOfCertificates || !options.libraryOptions.peerKey.isEmpty) {
      throw ValidationError(
        "--psk-file accepts no certificate, so --ca, --insecure, --ocsp, --pin, --crl and --peer-key have no effect")
    }
    if insecure && !options.libraryOptions.peerKey.isEmpty {
      throw ValidationError("--insecure verifies nothing, so --peer-key has no effect; use one of them")
    }
    try revocation.check(verifies: !insecure, advice: "--insecure verifies none")
    if insecure && ocsp != nil {
      throw ValidationError("--insecure verifies no certificate, so --ocsp has no effect; use one of them")
    }
    if insecure && ca != nil {
      throw ValidationError("--insecure verifies no certificate, so --ca has no effect; use one of them")
    }
    if (certificate == nil) != (privateKey == nil) {
      throw ValidationError("--certificate and --private-key must be used together")
    }
    if passphraseFile != nil && privateKey == nil {
      throw ValidationError("--passphrase-file needs --private-key")
    }
    if earlyData != nil && session == nil {
      throw ValidationError("--early-data needs a session to send it with; name its file by --session")
    }
    if cipherFds != nil && !command.isEmpty {
      throw ValidationError("choose either --cipher-fds or COMMAND for the ciphertext")
    }
  }

  func run() async throws {
    try checkOrLeave()
    let recording = try options.recording(.client)
    // Before a session is taken for a program that cannot be started, or for what cannot be read or written.
    let command = try await Command(command)
    let first = try earlyData.map { try NamedFile("--early-data", $0).read() }
    let plaintext = try DescriptorPair.standard.transport(advice: "open standard input and output")
    var sessions: SessionObserver?
    if let command {
      let engine = try makeEngine(recording, &sessions)
      // A closure cannot consume a captured value, but it can empty an optional.
      var engineForOnce: TLSEngine? = consume engine
      var plaintextForOnce: NonblockingDescriptorPair? = consume plaintext
      let (report, status) = try await command.run(grace: carrierGrace.duration) { ciphertext, _ in
        relay(
          engineForOnce.take()!, ciphertext: ciphertext, plaintext: plaintextForOnce.take()!, first, sessions,
          recording)
      }
      options.note("COMMAND: \(status?.description ?? "did not end, and was terminated")")
      try ExitReport(report, command: status).leave(options, recording, isComplete: sessions?.finish() ?? true)
    } else {
      let ciphertext = try (cipherFds ?? .ucspi).transport(
        apartFrom: .standard,
        advice: "run under a UCSPI client such as tcpclient, give --cipher-fds, or a COMMAND after --")
      let engine = try makeEngine(recording, &sessions)
      let report = relay(engine, ciphertext: ciphertext, plaintext: plaintext, first, sessions, recording)
      try ExitReport(report).leave(options, recording, isComplete: sessions?.finish() ?? true)
    }
  }

  /// Creates the engine, and what keeps its sessions if they are to be kept.
  private func makeEngine(_ recording: Recording?, _ sessions: inout SessionObserver?) throws -> TLSEngine {
    let library = try options.libraryOptions.library()
    var configuration = TLSContext.Configuration.client()
    try options.apply(to: &configuration, recording, library)
    try options.libraryOptions.applyKeys(to: &configuration)
    if let ca { configuration.trustRoots = [.certificates(try Credentials.certificates(NamedFile("--ca", ca)))] }
    // A key that is named is what the peer must prove; a certificate counts only by authorities that are named too.
    if !options.libraryOptions.peerKey.isEmpty, ca == nil { configuration.trustRoots = [] }
    try revocation.apply(to: &configuration)
    if let ocsp { configuration.stapling = ocsp == .require ? .required : .requested }
    if insecure {
      StandardError.say(
        "warning: --insecure verifies no certificate; anyone between the two sides can read and change everything")
      configuration.peerVerification = .none
    }
    if let certificate, let privateKey {
      configuration.identities = [
        try Credentials.identity(
          chain: NamedFile("--certificate", certificate), key: NamedFile("--private-key", privateKey),
          passphrase: passphraseFile.map { NamedFile("--passphrase-file", $0) }, library: library)
      ]
    }
    var file: SessionFile?
    var offered: TLSSession?
    do {
      let context = try TLSContext(configuration)
      for warning in context.warnings { StandardError.say("warning: \(TLSErrorText.warning(warning))") }
      file = session.map { SessionFile($0) }
      offered = try file?.take()
      sessions = file.map { SessionObserver($0, offered: offered, recording) }
      return try makeEngine(context, offering: offered)
    } catch let error as TLSError {
      // It is not the session's, without which the engine was refused too.
      if let offered, offered.isSingleUse { _ = file?.save(offered) }
      throw Credentials.contextRefused(error, chain: certificate, key: privateKey, serverName: serverName)
    }
  }

  private func makeEngine(
    _ context: TLSContext, offering session: TLSSession?
  ) throws(TLSError) -> TLSEngine {
    if let session {
      do throws(TLSError) {
        return try TLSEngine(
          .client(serverName: peerName), context: context, limits: TLSOptions.limits, session: session,
          sendsEarlyData: earlyData != nil)
      } catch {
        // For another name or another authority, or its certificate has expired: the handshake is a full one.
        options.note("--session \(self.session ?? ""): not offered: \(error.hint)")
      }
    }
    return try TLSEngine(
      .client(serverName: peerName), context: context, limits: TLSOptions.limits, sendsEarlyData: earlyData != nil)
  }

  private var peerName: TLSServerName {
    guard let serverName else { return .unverified(sni: nil) }
    // The key proves the server; the name selects one of its services.
    let insecure = insecure || options.preSharedKeys.pskFile != nil
    if isAddress(serverName) { return insecure ? .unverified(sni: nil) : .ip(serverName) }
    return insecure ? .unverified(sni: serverName) : .dns(serverName)
  }

  private func isAddress(_ text: String) -> Bool {
    var address = in6_addr()
    // Sound: in6_addr is the larger of the two structures that inet_pton(3) fills.
    return unsafe inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
  }

  private func relay(
    _ engine: consuming TLSEngine, ciphertext: consuming NonblockingDescriptorPair,
    plaintext: consuming NonblockingDescriptorPair, _ first: [UInt8]?, _ sessions: SessionObserver?,
    _ recording: Recording?
  ) -> RelayReport {
    var relay = Relay(engine, ciphertext: ciphertext, observer: sessions ?? recording)
    relay.attach(plaintext: plaintext)
    let deadline = options.handshakeDeadline
    if let first {
      let obstacle = relay.sendFirst(first)
      if let obstacle {
        StandardError.say(
          "early data: not possible, \(Self.reason(obstacle)); \(first.count) bytes are sent after the handshake")
      }
      // The server accepts an offer without data too: one line is enough.
      _ = RelayRun.handshake(&relay, options, until: deadline, saysEarlyData: obstacle == nil)
    }
    return RelayRun.run(&relay, options, recording, until: deadline)
  }

  private static func reason(_ obstacle: TLSEarlyDataObstacle) -> String {
    obstacle == .limitReached ? "the server accepts less with this session" : obstacle.description
  }
}
