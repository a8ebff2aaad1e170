import Glibc
import SansIOTLSTestKit
import Subprocess
import Testing

@Suite(.fewAtATime, .ifItHangs) struct RealPeerTests {
  /// The number of bytes of the long transfers.
  private static let size = 100_000_000

  /// The limit of the peak resident memory, in KiB.
  private static let memoryLimit = 40 * 1024

  @Test(arguments: ["1.2", "1.3"])
  func `the client talks to openssl s_server`(_ version: String) async throws {
    let workshop = Workshop()
    let arguments = ["-cert", workshop.file("chain.pem"), "-key", workshop.file("key.pem"), "-rev"]
    let result = try await Listener.opensslServer(arguments) { port in
      try await Tool.run(
        workshop.clientArguments(
          ["--min-version", version, "--max-version", version, "--verbose"],
          command: ["socat", "-", "TCP:127.0.0.1:\(port)"]),
        input: Array("hello\nworld\n".utf8))
    }
    #expect(result.exitCode == 0)
    #expect(result.text == "olleh\ndlrow\n")
    #expect(result.error.contains("TLSv\(version)"))
    #expect(result.error.contains("CN=\(Workshop.serverName)"))
  }

  @Test(arguments: ["1.2", "1.3"])
  func `openssl s_client talks to the server`(_ version: String) async throws {
    let workshop = Workshop()
    let handler = workshop.script("handler", "read line; echo \"$TLS_VERSION $TLS_SERVER_NAME got $line\"")
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: handler))
    let result = try await Listener.socat(script: server) { port in
      try await Tool.run(
        "openssl",
        [
          "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", workshop.file("ca.pem"), "-verify_return_error",
          "-verify_hostname", Workshop.serverName, "-servername", Workshop.serverName, "-quiet",
          version == "1.2" ? "-tls1_2" : "-tls1_3",
        ], input: Array("hello\n".utf8))
    }
    #expect(result.exitCode == 0)
    #expect(result.text == "TLSv\(version) \(Workshop.serverName) got hello\n")
  }

  @Test func `the client fetches 100 MB from openssl s_server in flat memory`() async throws {
    let workshop = Workshop()
    let data = Workshop.noise(Self.size)
    workshop.write("big", data)
    // The carrier's parent is tlspipe: the carrier records its peak resident memory after the transfer.
    let carrier = workshop.script(
      "carrier", "socat -t 60 - TCP:127.0.0.1:$1\ngrep VmHWM /proc/$PPID/status >\(workshop.file("memory"))")
    let arguments = ["-cert", workshop.file("chain.pem"), "-key", workshop.file("key.pem"), "-HTTP"]
    let response = [UInt8]("HTTP/1.0 200 ok\r\nContent-type: text/plain\r\n\r\n".utf8) + data
    workshop.write("response", response)
    let result = try await Listener.opensslServer(arguments, in: workshop.path) { port in
      try await Tool.run(
        workshop.clientArguments(command: [carrier, "\(port)"]), input: Array("GET /response HTTP/1.0\r\n\r\n".utf8))
    }
    #expect(result.exitCode == 0)
    #expect(result.error == "")
    #expect(result.output.count == response.count)
    #expect(result.output == response)
    try expectFlatMemory(workshop.text("memory"), samples: 1)
  }

  @Test func `curl fetches 100 MB from the server in flat memory`() async throws {
    let workshop = Workshop()
    let data = Workshop.noise(Self.size)
    let big = workshop.write("big", data)
    let note = "grep VmHWM /proc/$PPID/status >>\(workshop.file("memory"))"
    // Without a length curl reads to close_notify, which the server sends after the handler has exited and recorded
    // both samples.
    let handler = workshop.script(
      "handler",
      """
      while read -r line && [ "$line" != "$(printf '\\r')" ]; do :; done
      printf 'HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n'
      \(note)
      cat \(big)
      \(note)
      """)
    let server = workshop.script(
      "server", "exec " + workshop.serverCommand("--alpn http/1.1", command: handler) + " 2>\(workshop.file("said"))")
    let result = try await Listener.socat(script: server) { port in
      try await Tool.run(
        "curl",
        [
          "-sS", "--noproxy", "*", "--cacert", workshop.file("ca.pem"), "--connect-to",
          "\(Workshop.serverName):443:127.0.0.1:\(port)", "https://\(Workshop.serverName)/",
        ])
    }
    #expect(result.exitCode == 0)
    #expect(result.error == "")
    #expect(result.output.count == data.count)
    #expect(result.output == data)
    #expect(workshop.text("said") == "")
    try expectFlatMemory(workshop.text("memory"), samples: 2)
  }

  /// - Parameter status: lines of proc(5), `VmHWM: 22592 kB`: the peak so far.
  private func expectFlatMemory(_ status: String, samples: Int) throws {
    let peaks = status.split(separator: "\n").compactMap { line in
      Int(line.split(whereSeparator: { !$0.isNumber }).first ?? "")
    }
    try #require(peaks.count == samples)
    #expect(peaks.max()! < Self.memoryLimit)
    // The hundred megabytes between the first and the last sample did not raise it.
    #expect(peaks.last! - peaks.first! < 4096)
  }

  @Test(arguments: ["1.2", "1.3"])
  func `the client talks to Python's MemoryBIO over pipes`(_ version: String) async throws {
    let workshop = Workshop()
    let text = String(repeating: "the quick brown fox. ", count: 20_000)
    let result = try await Tool.run(
      workshop.clientArguments(
        command: [
          "python3", "\(Tool.peers)/memory_bio_server.py", workshop.file("chain.pem"), workshop.file("key.pem"),
          version,
        ]),
      input: Array(text.utf8))
    #expect(result.exitCode == 0)
    #expect(result.error == "")
    #expect(result.text == text.uppercased())
  }

  @Test(arguments: ["1.2", "1.3"])
  func `Python's MemoryBIO talks to the server over pipes`(_ version: String) async throws {
    let workshop = Workshop()
    let handler = workshop.script("handler", "tr a-z A-Z")
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: handler))
    // Small enough for the pipes: the peer writes everything before it reads.
    let text = String(repeating: "the quick brown fox. ", count: 1000)
    let result = try await Tool.run(
      "python3",
      [
        "\(Tool.peers)/memory_bio_client.py", workshop.file("ca.pem"), Workshop.serverName, version, server,
      ], input: Array(text.utf8))
    #expect(result.exitCode == 0)
    #expect(result.error == "")
    #expect(result.text == text.uppercased())
  }

  @Test func `killing the carrier during a transfer is 3 and the data before is delivered`() async throws {
    let workshop = Workshop()
    let data = Workshop.noise(Self.size)
    workshop.write("big", data)
    workshop.write("response", [UInt8]("HTTP/1.0 200 ok\r\n\r\n".utf8) + data)
    let carrier = workshop.script(
      "carrier", "echo $$ >\(workshop.file("carrier.pid"))\nexec socat -t 60 - TCP:127.0.0.1:$1")
    let arguments = ["-cert", workshop.file("chain.pem"), "-key", workshop.file("key.pem"), "-HTTP"]
    let result = try await Listener.opensslServer(arguments, in: workshop.path) { port in
      try await Subprocess.run(
        .path(.init(Tool.path)),
        arguments: Arguments(workshop.clientArguments(command: [carrier, "\(port)"])),
        input: .inputWriter, output: .sequence, error: .string(limit: 65_536)
      ) { execution in
        _ = try await execution.standardInputWriter.write("GET /response HTTP/1.0\r\n\r\n")
        var received: [UInt8] = []
        var isKilled = false
        for try await chunk in execution.standardOutput {
          // Sound: the bytes are valid in the closure.
          unsafe chunk.withUnsafeBytes { unsafe received.append(contentsOf: $0) }
          if received.count > 2_000_000, !isKilled {
            let identifier = Int32(workshop.text("carrier.pid").filter(\.isNumber))
            kill(try #require(identifier), SIGKILL)
            isKilled = true
          }
        }
        return received
      }
    }
    let received = result.closureResult
    #expect(Tool.code(result.terminationStatus) == 3)
    #expect(received.count > 2_000_000)
    #expect(received.count < Self.size)
    #expect(workshop.read("response").starts(with: received))
    #expect(result.standardError.contains("\(received.count) bytes received before were delivered"))
  }
}
