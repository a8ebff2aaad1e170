import SansIOTLSTestKit
import Testing

/// The exit status of COMMAND as part of the exit code of tlspipe.
@Suite(.fewAtATime, .ifItHangs) struct CommandStatusTests {
  /// Runs a client, and a server that records its exit code and messages.
  private func exchange(
    _ workshop: Workshop, version: String = "1.3", handler: String, input: [UInt8] = []
  ) async throws -> (client: Tool.Result, server: String) {
    let said = workshop.file("said")
    let server = workshop.script(
      "server",
      workshop.serverCommand(command: workshop.script("handler", handler)) + " 2>\(said)\necho \"server: $?\" >>\(said)"
    )
    let client = try await Tool.run(
      workshop.clientArguments(["--max-version", version], command: [server]), input: input)
    return (client, workshop.text("said"))
  }

  @Test(arguments: ["1.2", "1.3"], ["KILL", "SEGV", "TERM"])
  func `a COMMAND that a signal terminates is 1, and its output is not closed as complete`(
    _ version: String, _ signal: String
  ) async throws {
    let workshop = Workshop()
    let data = Workshop.noise(200_000)
    let big = workshop.write("big", data)
    let result = try await exchange(workshop, version: version, handler: "cat \(big); kill -\(signal) $$")
    #expect(result.server.contains("COMMAND was killed by signal"))
    #expect(result.server.hasSuffix("\nserver: 1\n"))
    #expect(result.client.exitCode == 3)
    #expect(result.client.output == data)
    #expect(result.client.errorLines.count == 1)
    #expect(result.client.error.contains("200000 bytes received before were delivered"))
  }

  @Test(arguments: ["1.2", "1.3"])
  func `a COMMAND that fails is 1 and named, and its output is closed as complete`(_ version: String) async throws {
    let workshop = Workshop()
    let result = try await exchange(workshop, version: version, handler: "echo some; exit 7")
    #expect(result.server.contains("COMMAND exited 7"))
    #expect(result.server.hasSuffix("\nserver: 1\n"))
    #expect(result.server.split(separator: "\n").count == 2)
    #expect(result.client.exitCode == 0)
    #expect(result.client.text == "some\n")
  }

  @Test func `a carrier that fails is 1 and named`() async throws {
    let workshop = Workshop()
    let carrier = workshop.script("carrier", workshop.serverCommand(command: "cat") + "; exit 7")
    let result = try await Tool.run(workshop.clientArguments(command: [carrier]), input: [1, 2, 3])
    #expect(result.exitCode == 1)
    #expect(result.output == [1, 2, 3])
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("COMMAND exited 7"))
  }

  @Test func `a COMMAND that closes its output early still receives the client's data and end`() async throws {
    let workshop = Workshop()
    let got = workshop.file("got")
    let data = Workshop.noise(500_000)
    let result = try await exchange(
      workshop, handler: "echo first; exec >&-; cat >\(got); echo end >>\(got)", input: data)
    #expect(result.client.exitCode == 0)
    #expect(result.client.error == "")
    #expect(result.client.text == "first\n")
    #expect(result.server == "server: 0\n")
    #expect(workshop.read("got") == data + Array("end\n".utf8))
  }

  @Test func `the output of a COMMAND ends with the child that keeps it open`() async throws {
    let workshop = Workshop()
    let gate = workshop.file("gate")
    let result = try await exchange(
      workshop, handler: "mkfifo \(gate); { read line <\(gate); echo late; } & echo early; echo go >\(gate); exit 0")
    #expect(result.client.exitCode == 0)
    #expect(result.client.text.contains("early\n"))
    #expect(result.client.text.contains("late\n"))
    #expect(result.server == "server: 0\n")
  }
}
