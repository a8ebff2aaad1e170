import ArgumentParser

/// TLS for a pair of pipes.
@main
struct Tlspipe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tlspipe",
    abstract: "Puts TLS on a pair of pipes.",
    discussion: """
      Opens no network connection of its own: ciphertext goes through descriptors or through the standard input and \
      output of another program.

      Talk to a server through any program that carries bytes:
        printf 'GET / HTTP/1.0\\r\\n\\r\\n' |
          tlspipe client --server-name a.example -- socat - TCP:a.example:443

      Serve a program over TLS:
        socat TCP-LISTEN:4433,fork,reuseaddr \\
          EXEC:"tlspipe server --certificate a.pem --private-key b.pem -- cat"

      See both ends at work, without network or files:
        tlspipe demo

      EXIT CODES
        0   both sides closed cleanly, and COMMAND exited 0
        1   the transport or COMMAND failed, something was not sent, the handshake took too long, a file was not written
        2   TLS failed, or a certificate was refused
        3   the peer ended without closing TLS: data may be missing
        64  usage, or descriptors that are not open

      If a signal ends a server's COMMAND, its output is sent without close_notify: the peer then exits 3.
      """,
    version: "0.1.0",
    subcommands: [ClientCommand.self, ServerCommand.self, DemoCommand.self])
}
