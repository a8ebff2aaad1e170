import Glibc
import SansIOTLSTestKit
import Testing

/// The program's waits for others.
@Suite(.fewAtATime, .ifItHangs) struct PatienceTests {
  /// A carrier that connects the client to a server and stays after both have closed. It records its process number and
  /// each SIGHUP.
  private func lingeringCarrier(_ workshop: Workshop, server: String, ignoring signals: String) -> String {
    workshop.script(
      "carrier",
      """
      echo $$ >\(workshop.file("pid"))
      exec 8<&0 9>&1
      \(server) <&8 >&9
      trap '' \(signals)
      exec sleep 1000 8<&- 9>&- <&- >&-
      """)
  }

  /// Whether the process whose number is in a file exists.
  private func lives(_ workshop: Workshop, _ name: String) throws -> Bool {
    kill(try #require(Int32(workshop.text(name).filter(\.isNumber))), 0) == 0
  }

  @Test(arguments: ["1.2", "1.3"], ["USR1", "HUP", "HUP TERM"])
  func `a carrier that stays after a clean close is terminated, and the exit code is 0`(
    _ version: String, _ ignored: String
  ) async throws {
    let workshop = Workshop()
    let carrier = lingeringCarrier(workshop, server: workshop.serverCommand(command: "cat"), ignoring: ignored)
    let result = try await Tool.run(
      workshop.clientArguments(["--max-version", version, "--carrier-grace", "0.1"], command: [carrier]),
      input: [1, 2, 3])
    #expect(result.exitCode == 0)
    #expect(result.output == [1, 2, 3])
    #expect(result.error == "")
    #expect(try !lives(workshop, "pid"))
  }

  @Test func `a carrier that stays after a rejected certificate is terminated`() async throws {
    let workshop = Workshop(identity: .server("another.example"))
    let carrier = lingeringCarrier(
      workshop, server: workshop.serverCommand(command: "cat") + " 2>/dev/null", ignoring: "USR1")
    let result = try await Tool.run(workshop.clientArguments(["--carrier-grace", "0.1"], command: [carrier]))
    #expect(result.exitCode == 2)
    #expect(result.errorLines.count == 1)
    #expect(try !lives(workshop, "pid"))
  }

  @Test func `a carrier has a grace period to exit`() async throws {
    let workshop = Workshop()
    // It exits after the reader of the plaintext has seen the connection's end.
    let (output, over) = (workshop.file("output"), workshop.file("over"))
    let carrier = workshop.script(
      "carrier",
      """
      exec 8<&0 9>&1
      \(workshop.serverCommand(command: "echo served")) <&8 >&9
      exec 8<&- 9>&- <&- >&-
      read line <\(over)
      echo ended >\(workshop.file("ended"))
      """)
    let client = workshop.clientArguments(["--carrier-grace", "100"], command: [carrier]).joined(separator: " ")
    let result = try await Tool.shell(
      """
      mkfifo \(output) \(over)
      \(Tool.path) \(client) >\(output) </dev/null & client=$!
      cat \(output)
      echo >\(over)
      wait $client
      """)
    #expect(result.exitCode == 0)
    #expect(result.text == "served\n")
    #expect(workshop.text("ended") == "ended\n")
  }

  @Test func `a server that does not answer is abandoned`() async throws {
    let workshop = Workshop()
    let result = try await Tool.run(
      workshop.clientArguments(["--handshake-timeout", "0.2", "--carrier-grace", "0.1"], command: ["sleep", "1000"]))
    #expect(result.exitCode == 1)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("the handshake did not complete within --handshake-timeout"))
  }

  @Test(arguments: [
    "", "printf '\\026\\003\\001\\077\\377\\001\\000\\077\\373\\003\\003'",
  ])
  func `a client that is silent, or does not complete its first message, is abandoned`(_ beginning: String) async throws
  {
    let workshop = Workshop()
    let input = workshop.file("input")
    let server = workshop.serverCommand("--handshake-timeout 0.2", command: "cat")
    let result = try await Tool.shell(
      """
      mkfifo \(input)
      { \(beginning)
        exec sleep 1000
      } >\(input) & client=$!
      \(server) <\(input)
      code=$?
      kill $client
      exit $code
      """)
    #expect(result.exitCode == 1)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("the handshake did not complete within --handshake-timeout"))
    #expect(result.output == [])
  }

  @Test func `a server of one connection sends no ticket`() async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    let result = try await Tool.run(
      workshop.clientArguments(["--ladder"], command: [server]), input: [1, 2, 3])
    #expect(result.exitCode == 0)
    #expect(result.error.contains("ClientHello"))
    #expect(!result.error.contains("NewSessionTicket"))
  }
}
