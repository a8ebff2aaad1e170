import SansIOTLSTestKit
import Testing

/// Descriptors and signals as a shell or a supervisor may pass them to tlspipe.
@Suite(.fewAtATime, .ifItHangs) struct InheritanceTests {
  private static let client = "client --server-name \(Workshop.serverName)"

  private func command(_ workshop: Workshop, _ options: String = "") -> String {
    "\(Tool.path) \(Self.client) --ca \(workshop.file("ca.pem")) \(options)"
  }

  // MARK: Descriptors

  @Test(arguments: ["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-", "</dev/null >&- 2>&-"])
  func `a closed standard descriptor is refused before COMMAND starts`(_ redirection: String) async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "echo >\(workshop.file("started"))")
    for program in ["\(command(workshop)) -- \(server)", workshop.serverCommand(command: server)] {
      let result = try await Tool.shell("(\(program) \(redirection)); echo $?")
      #expect(result.text == "64\n")
      if !redirection.contains("2>&-") {
        #expect(result.error.contains("descriptors 0 and 1 cannot be used"))
        #expect(result.errorLines.count == 1)
      }
    }
    #expect(workshop.read("started") == [])
  }

  @Test func `a closed standard error has no effect`() async throws {
    let workshop = Workshop()
    let handler = workshop.script("handler", "echo noise >&2; cat")
    let server = workshop.script("server", "exec \(workshop.serverCommand("--verbose", command: handler))")
    let data = Workshop.noise(300_000)
    let result = try await Tool.shell("\(command(workshop, "--verbose")) -- \(server) 2>&-", input: data)
    #expect(result.exitCode == 0)
    #expect(result.output == data)
  }

  /// Numbers that the runtime's own descriptors receive.
  @Test(arguments: [
    ("", "6 and 7"), ("--cipher-fds 3,3", "3 and 3"), ("--cipher-fds 5,9", "5 and 9"),
    ("--cipher-fds 40000,40001", "40000 and 40001"),
  ])
  func `descriptors that were not open at the start are refused`(_ options: String, _ named: String) async throws {
    let workshop = Workshop()
    for inherited in ["", "exec 3</dev/null 4</dev/null 3<&- 4<&-;", "exec 8</dev/null;"] {
      let result = try await Tool.shell("\(inherited) \(command(workshop, options))")
      #expect(result.exitCode == 64)
      #expect(result.error.contains("descriptors \(named) cannot be used"))
    }
  }

  @Test func `the path of a descriptor that was not open at the start is refused`() async throws {
    for number in 3...9 {
      for option in ["--ca", "--capture", "--ladder"] {
        let result = try await Tool.shell(
          "\(Tool.path) \(Self.client) \(option) /dev/fd/\(number) -- true 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-")
        #expect(result.exitCode == 64)
        #expect(result.error.contains("descriptor \(number) was not open"))
      }
    }
  }

  @Test func `descriptors that the other side uses are refused`() async throws {
    let workshop = Workshop()
    for options in ["0,1", "5,1", "0,5", "1,1"] {
      let result = try await Tool.shell("exec 5</dev/zero; \(command(workshop, "--cipher-fds \(options)"))")
      #expect(result.exitCode == 64)
      #expect(result.error.contains("carry the other side"))
    }
  }

  @Test func `a descriptor that is open for the other direction only is refused`() async throws {
    let workshop = Workshop()
    let result = try await Tool.shell("\(command(workshop)) -- true 1</dev/null")
    #expect(result.exitCode == 64)
    #expect(result.error.contains("descriptors 0 and 1 cannot be used"))
  }

  // MARK: Flags

  /// The lines that another program writes to tlspipe's slow pipe. Their letters differ.
  private static let flood = "head -c 1000000 /dev/zero | tr '\\0' E"

  @Test func `COMMAND's standard error is complete in a pipe that tlspipe writes to`() async throws {
    let workshop = Workshop()
    let server = workshop.script(
      "server",
      "\(Self.flood) >&2 || echo failed >\(workshop.file("failed"))\n"
        + "exec \(workshop.serverCommand(command: "echo hello"))")
    // The reader starts after the pipe is full and its writer waits, or has failed.
    let result = try await Tool.shell(
      """
      { \(command(workshop)) -- \(server) </dev/null 2>&1; echo "code $?" >\(workshop.file("code")); } |
        { sleep 1; tr -dc E | wc -c; }
      """)
    #expect(result.text.contains("1000000"))
    #expect(workshop.text("code") == "code 0\n")
    #expect(workshop.read("failed") == [])
  }

  @Test func `the output of another program on the same pipe is complete, and of the next one`() async throws {
    let workshop = Workshop()
    let started = workshop.file("started")
    let server = workshop.script("server", "echo >\(started); cat >/dev/null")
    // A signal terminates tlspipe during a handshake that never completes.
    let result = try await Tool.shell(
      """
      { \(command(workshop)) -- \(server) </dev/null 2>/dev/null & pid=$!
        while [ ! -e \(started) ]; do sleep 0.05; done
        \(Self.flood) || echo failed >\(workshop.file("failed"))
        kill -TERM $pid; wait $pid
        \(Self.flood) || echo failed >\(workshop.file("failed")); } | { sleep 1; tr -dc E | wc -c; }
      """)
    #expect(result.text.contains("2000000"))
    #expect(workshop.read("failed") == [])
  }

  // MARK: Signals

  @Test func `a standard error without a reader does not end the transfer`() async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat") + " 2>/dev/null")
    let pipe = workshop.file("pipe")
    let data = Workshop.noise(300_000)
    let result = try await Tool.shell(
      "mkfifo \(pipe); exec 3<>\(pipe) 4>\(pipe) 3<&-; "
        + "exec \(command(workshop, "--verbose --stats")) -- \(server) 2>&4",
      input: data)
    // The messages are lost; the data is not.
    #expect(result.exitCode == 1)
    #expect(result.output == data)
  }

  @Test func `COMMAND has the default disposition of SIGPIPE`() async throws {
    let workshop = Workshop()
    let handler = workshop.script("handler", "kill -PIPE $$; echo survived")
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: handler))
    let result = try await Tool.run(workshop.clientArguments(command: [server]))
    #expect(result.output == [])
    #expect(result.error.contains("COMMAND was killed by signal 13"))
  }

  @Test(arguments: ["SIGCHLD", "SIGPIPE"], ["ignored", "blocked"])
  func `a signal that the parent ignores or blocks does not change the exit code`(
    _ signal: String, _ how: String
  ) async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    let change =
      how == "ignored"
      ? "signal.signal(signal.\(signal), signal.SIG_IGN)"
      : "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.\(signal)])"
    let result = try await Tool.run(
      "python3",
      ["-c", "import os, signal, sys; \(change); os.execv(sys.argv[1], sys.argv[1:])", Tool.path]
        + workshop.clientArguments(command: [server]), input: Array("hi\n".utf8))
    #expect(result.exitCode == 0)
    #expect(result.text == "hi\n")
    #expect(result.error == "")
  }
}
