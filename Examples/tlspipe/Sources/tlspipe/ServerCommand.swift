import ArgumentParser
import SansIOTLS
import SansIOTLSTransports
import Subprocess

/// The server's side: ciphertext on standard input and output.
struct ServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "server",
    abstract: "Speaks TLS as a server; ciphertext is standard input and output.",
    usage: "tlspipe server --certificate FILE --private-key FILE [options] [-- COMMAND ...]",
    discussion: """
      For inetd, systemd sockets and UCSPI servers, one process for each connection. Plaintext goes through COMMAND's \
      standard input and output; it is started when the handshake is done, with TLS_VERSION, TLS_CIPHER, \
      TLS_SERVER_NAME, TLS_ALPN and TLS_PEER_SUBJECT in its environment, each if there is one.

      EXAMPLES
        socat TCP-LISTEN:4433,fork,reuseaddr \\
          EXEC:"tlspipe server --certificate a.pem --private-key b.pem -- cat"
        tcpserver 0 4433 \\
          tlspipe server --certificate a.pem --private-key b.pem -- ./handler
      """)

  @Option(help: ArgumentHelp("The certificate chain (PEM), this server's own certificate first.", valueName: "file"))
  var certificate: String

  @Option(help: ArgumentHelp("The certificate's private key (PEM).", valueName: "file"))
  var privateKey: String

  @Flag(help: "Refuse clients that show no certificate issued by --client-ca.")
  var requireClientCertificate = false

  @Option(help: ArgumentHelp("The authorities (PEM) that may issue client certificates.", valueName: "file"))
  var clientCa: String?

  @Option(help: ArgumentHelp("Descriptors for plaintext, to be read and to be written.", valueName: "r,w"))
  var plainFds: DescriptorPair?

  @OptionGroup var options: TLSOptions

  @Argument(parsing: .postTerminator, help: "A program that serves the plaintext.")
  var command: [String] = []

  func validate() throws {
    if (plainFds == nil) == command.isEmpty {
      throw ValidationError("say where plaintext goes: either a COMMAND behind --, or --plain-fds")
    }
    if requireClientCertificate != (clientCa != nil) {
      throw ValidationError("--require-client-certificate and --client-ca come together")
    }
  }

  func run() async throws {
    let recording = try options.recording(.server)
    let engine = try makeEngine(recording)
    let command = try await Command(command)
    let plaintext = try plainFds.map { try $0.transport(advice: "open them, or give a COMMAND behind --") }
    let ciphertext = try DescriptorPair.standard.transport(advice: "run under inetd, a UCSPI server, or socat EXEC")
    var relay = Relay(engine, ciphertext: ciphertext, observer: recording)
    guard Session.handshake(&relay, options) else {
      return try ExitReport(Session.run(&relay, options, recording)).leave(options)
    }
    if let plaintext {
      relay.attach(plaintext: plaintext)
      return try ExitReport(Session.run(&relay, options, recording)).leave(options)
    }
    let environment = environment(relay)
    let (report, status) = try await command!.run(environment: environment) { plaintext in
      relay.attach(plaintext: plaintext)
      return Session.run(&relay, options, recording)
    }
    options.note("COMMAND: \(status)")
    try ExitReport(report).leave(options)
  }

  private func makeEngine(_ recording: Recording?) throws -> TLSEngine {
    let chain = try FileBytes.read(certificate)
    let key = try FileBytes.read(privateKey)
    let authorities = try clientCa.map(FileBytes.read)
    do {
      var configuration = TLSContext.Configuration.server(try TLSIdentity(pemChain: chain, privateKey: key))
      try options.apply(to: &configuration, recording)
      if let authorities {
        configuration.trust = [.pem(authorities)]
        configuration.clientAuthentication = .required
      }
      let context = try TLSContext(configuration)
      for warning in context.warnings { StandardError.say("warning: \(warning)") }
      return try TLSEngine(.server, context: context)
    } catch let error as TLSError {
      throw ExitReport.configurationRefused(error)
    }
  }

  /// What COMMAND may want to know; a variable that has no value is not left over from elsewhere.
  private func environment(_ relay: borrowing Relay) -> Environment {
    let negotiated = relay.report.negotiated
    return .inherit.updating([
      "TLS_VERSION": negotiated?.version.description,
      "TLS_CIPHER": negotiated?.cipherSuite,
      "TLS_SERVER_NAME": negotiated?.serverName,
      "TLS_ALPN": negotiated?.applicationProtocol,
      "TLS_PEER_SUBJECT": relay.peerCertificates.first?.subject,
    ])
  }
}
