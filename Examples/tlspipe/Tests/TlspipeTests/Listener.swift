import Glibc
import Subprocess
import Testing

/// Programs that listen on a loopback port, chosen by the kernel, while a closure runs.
enum Listener {
  /// Runs `openssl s_server`, which prints its port on standard output.
  static func opensslServer<Value: Sendable>(
    _ arguments: [String], in directory: String? = nil, body: (_ port: Int) async throws -> Value
  ) async throws -> Value {
    try await Subprocess.run(
      .name("openssl"), arguments: Arguments(["s_server", "-accept", "127.0.0.1:0"] + arguments),
      workingDirectory: directory.map { .init($0) }, input: .none, output: .sequence, error: .discarded
    ) { execution in
      let value = try await body(try await port(in: execution.standardOutput, saidWith: "ACCEPT"))
      await execution.teardown(using: [])
      return value
    }.closureResult
  }

  /// Runs `openssl s_server` without an answer of its own, for as many connections as `-naccept` says.
  ///
  /// - Returns: the value of `body`, and what the server has written by its end.
  static func opensslServerSaying<Value: Sendable>(
    _ arguments: [String], body: (_ port: Int) async throws -> Value
  ) async throws -> (Value, String) {
    // Its standard input stays open: at its end it would leave.
    var ends: [Int32] = [-1, -1]
    // Sound: pipe(2) writes two numbers into an array of two.
    precondition(unsafe pipe(&ends) == 0)
    let writing = fcntl(ends[1], F_DUPFD_CLOEXEC, 0)
    close(ends[1])
    defer { close(writing) }
    return try await Subprocess.run(
      .name("openssl"), arguments: Arguments(["s_server", "-accept", "127.0.0.1:0"] + arguments),
      input: .fileDescriptor(.init(rawValue: ends[0]), closeAfterSpawningProcess: true), output: .sequence,
      error: .discarded
    ) { execution in
      var lines = execution.standardOutput.strings().makeAsyncIterator()
      var port: Int?
      while port == nil, let line = try await lines.next() { port = Self.port(in: line, saidWith: "ACCEPT") }
      let value = try await body(try #require(port))
      var said = ""
      while let line = try await lines.next() { said += line + "\n" }
      return (value, said)
    }.closureResult
  }

  /// Runs `gnutls-serv`, which reports neither its port nor that it listens: it is given the number of a port that was
  /// free a moment ago, and clients have to try again until it answers.
  static func gnutlsServer<Value: Sendable>(
    _ arguments: [String], body: (_ port: Int) async throws -> Value
  ) async throws -> Value {
    // The socket closes at once: the port is free.
    let port = try LoopbackSocket.Listening().port
    return try await Subprocess.run(
      .name("gnutls-serv"), arguments: Arguments(["--port", "\(port)"] + arguments), input: .none,
      output: .discarded, error: .discarded
    ) { execution in
      let value = try await body(port)
      await execution.teardown(using: [])
      return value
    }.closureResult
  }

  /// Runs `socat`, with one process of `script` for each connection; it prints its port on standard error.
  static func socat<Value: Sendable>(
    script: String, body: (_ port: Int) async throws -> Value
  ) async throws -> Value {
    try await Subprocess.run(
      .name("socat"), arguments: ["-d", "-d", "TCP-LISTEN:0,bind=127.0.0.1,fork", "EXEC:\(script)"],
      input: .none, output: .discarded, error: .sequence
    ) { execution in
      let value = try await body(try await port(in: execution.standardError, saidWith: "listening on"))
      await execution.teardown(using: [])
      return value
    }.closureResult
  }

  /// Returns the number after the last colon of the first line that contains a mark.
  private static func port(in output: SubprocessOutputSequence, saidWith mark: String) async throws -> Int {
    for try await line in output.strings() {
      if let port = port(in: line, saidWith: mark) { return port }
    }
    return try #require(nil, "it ended without saying its port")
  }

  private static func port(in line: String, saidWith mark: String) -> Int? {
    guard line.contains(mark) else { return nil }
    return line.split(separator: ":").last.flatMap { Int($0.prefix { $0.isNumber }) }
  }
}
