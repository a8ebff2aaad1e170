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

/// The client's side: plaintext on standard input and output.
struct ClientCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "client",
    abstract: "Speaks TLS as a client; plaintext is standard input and output.",
    usage: "tlspipe client --server-name NAME [options] [-- COMMAND ...]",
    discussion: """
      Ciphertext goes through COMMAND's standard input and output; without COMMAND through descriptor 6 (from the \
      network) and 7 (to it), as UCSPI clients pass them.

      EXAMPLES
        tlspipe client --server-name a.example -- socat - TCP:a.example:443
        tlspipe client --server-name box --ca ca.pem -- ssh gate nc box 443
        tcpclient a.example 443 tlspipe client --server-name a.example
        tlspipe client --server-name box --ladder --capture box.pcapng -- nc box 443
      """)

  @Option(help: "Whom the server's certificate must name: a DNS name or an IP address.")
  var serverName: String?

  @Option(help: ArgumentHelp("Trust the certificates of this PEM file, and not the system's.", valueName: "file"))
  var ca: String?

  @Flag(help: "Check no certificate. Anybody on the way can then read and change everything.")
  var insecure = false

  @Option(help: ArgumentHelp("Show this certificate chain (PEM) to a server that asks.", valueName: "file"))
  var clientCertificate: String?

  @Option(help: ArgumentHelp("The certificate's private key (PEM).", valueName: "file"))
  var clientKey: String?

  @Option(help: ArgumentHelp("Descriptors for ciphertext, from the network and to it.", valueName: "r,w"))
  var cipherFds: DescriptorPair?

  @OptionGroup var options: TLSOptions

  @Argument(parsing: .postTerminator, help: "A program that carries ciphertext to the server and back.")
  var command: [String] = []

  func validate() throws {
    if serverName == nil && !insecure {
      throw ValidationError("name the server by --server-name, so that its certificate can be checked")
    }
    if (clientCertificate == nil) != (clientKey == nil) {
      throw ValidationError("--client-certificate and --client-key come together")
    }
    if cipherFds != nil && !command.isEmpty {
      throw ValidationError("choose either --cipher-fds or COMMAND for the ciphertext")
    }
  }

  func run() async throws {
    let recording = try options.recording(.client)
    let engine = try makeEngine(recording)
    let command = try await Command(command)
    let plaintext = try DescriptorPair.standard.transport(advice: "open standard input and output")
    if let command {
      // A closure cannot consume what it captures, but it can empty an optional.
      var engineForOnce: TLSEngine? = consume engine
      var plaintextForOnce: FileDescriptorTransport? = consume plaintext
      let (report, status) = try await command.run { ciphertext in
        relay(engineForOnce.take()!, ciphertext: ciphertext, plaintext: plaintextForOnce.take()!, recording)
      }
      options.note("COMMAND: \(status)")
      try ExitReport(report).leave(options)
    } else {
      let ciphertext = try (cipherFds ?? .ucspi).transport(
        advice: "run under a UCSPI client such as tcpclient, give --cipher-fds, or a COMMAND behind --")
      try ExitReport(relay(engine, ciphertext: ciphertext, plaintext: plaintext, recording)).leave(options)
    }
  }

  private func makeEngine(_ recording: Recording?) throws -> TLSEngine {
    var configuration = TLSContext.Configuration.client()
    try options.apply(to: &configuration, recording)
    if let ca { configuration.trust = [.pem(try FileBytes.read(ca))] }
    if insecure {
      StandardError.say("warning: --insecure checks no certificate; anybody on the way can read and change everything")
      configuration.peerVerification = .none
    }
    let chain = try clientCertificate.map(FileBytes.read)
    let key = try clientKey.map(FileBytes.read)
    do throws(TLSError) {
      if let chain, let key {
        configuration.identities = [try TLSIdentity(pemChain: chain, privateKey: key)]
      }
      return try TLSEngine(.client(serverName: peerName), context: TLSContext(configuration))
    } catch {
      throw ExitReport.configurationRefused(error)
    }
  }

  private var peerName: ServerName {
    guard let serverName else { return .unverified(sni: nil) }
    if isAddress(serverName) { return insecure ? .unverified(sni: nil) : .ip(serverName) }
    return insecure ? .unverified(sni: serverName) : .dns(serverName)
  }

  private func isAddress(_ text: String) -> Bool {
    var address = in6_addr()
    // Sound: in6_addr is the larger of the two structures that inet_pton(3) fills.
    return unsafe inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
  }

  private func relay(
    _ engine: consuming TLSEngine, ciphertext: consuming FileDescriptorTransport,
    plaintext: consuming FileDescriptorTransport, _ recording: Recording?
  ) -> RelayReport {
    var relay = Relay(engine, ciphertext: ciphertext, observer: recording)
    relay.attach(plaintext: plaintext)
    return Session.run(&relay, options, recording)
  }
}
