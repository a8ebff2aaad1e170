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
    for try await line in output.strings() where line.contains(mark) {
      return try #require(line.split(separator: ":").last.flatMap { Int($0.prefix { $0.isNumber }) })
    }
    return try #require(nil, "it ended without saying its port")
  }
}
