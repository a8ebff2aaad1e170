import Testing

/// Early data between processes, and against the programs of others.
@Suite(.fewAtATime, .ifItHangs) struct EarlyDataTests {
  // MARK: Both sides

  @Test func `a file leaves after the first handshake, and early from then on`() async throws {
    let fleet = EarlyFleet()
    try await Listener.socat(script: fleet.server) { port in
      for isEarly in [false, true, true] {
        let result = try await fleet.connect(port)
        #expect(result.exitCode == 0, "\(result.error)")
        #expect(result.text == "early=\(isEarly ? "1" : "") TLSv1.3 \(fleet.name)\ngot early\ngot late\n")
        #expect(result.errorLines.count == 1)
        #expect(
          result.error.contains(
            isEarly
              ? "early data: accepted, 6 bytes"
              : "early data: not possible, there is no session that can be resumed; 6 bytes are sent after the handshake"
          ), "\(result.error)")
      }
    }
    #expect(fleet.workshop.text("said").components("early data: accepted, 6 bytes") == 2)
  }

  @Test func `what is rejected arrives after the handshake, once and in order`() async throws {
    // The session allows more than the server does by now.
    let fleet = EarlyFleet(next: 100)
    try await Listener.socat(script: fleet.server) { port in
      _ = try await fleet.connect(port)
      let result = try await fleet.connect(port)
      #expect(result.exitCode == 0, "\(result.error)")
      #expect(result.text == "early= TLSv1.3 \(fleet.name)\ngot early\ngot late\n")
      #expect(result.error.contains("early data: rejected, 6 bytes are sent again"))
    }
    #expect(fleet.workshop.text("said").contains("early data: rejected\n"))
  }

  @Test func `a file that is larger than the session allows is not divided`() async throws {
    let fleet = EarlyFleet(first: 5)
    try await Listener.socat(script: fleet.server) { port in
      _ = try await fleet.connect(port)
      let result = try await fleet.connect(port)
      #expect(result.exitCode == 0)
      #expect(result.text == "early= TLSv1.3 \(fleet.name)\ngot early\ngot late\n")
      #expect(
        result.error.contains(
          "early data: not possible, the server accepts less with this session; 6 bytes are sent after the handshake"))
      #expect(result.errorLines.count == 1, "\(result.error)")
    }
  }

  @Test func `early data reaches --plain-fds before all else`() async throws {
    let fleet = EarlyFleet()
    let workshop = fleet.workshop
    let server = workshop.script(
      "plain",
      "exec \(Tool.path) server --certificate \(workshop.file("chain.pem")) --private-key \(workshop.file("key.pem")) "
        + "--ticket-keys \(workshop.file("keys")) --early-data 1000 --early-data-store \(workshop.file("store")) "
        + "--plain-fds 8,9 8</dev/null 9>>\(workshop.file("got"))")
    try await Listener.socat(script: server) { (port) async throws in
      for _ in 0..<2 { #expect(try await fleet.connect(port).exitCode == 0) }
    }
    #expect(workshop.text("got") == "early\nlate\nearly\nlate\n")
  }

  // MARK: openssl

  @Test func `openssl s_server takes a file early, and one that it rejects later`() async throws {
    let fleet = EarlyFleet()
    let workshop = fleet.workshop
    let arguments = [
      "-cert", workshop.file("chain.pem"), "-key", workshop.file("key.pem"), "-early_data", "-naccept", "3",
    ]
    let (results, said) = try await Listener.opensslServerSaying(arguments) { (port) async throws in
      var results = [try await fleet.connect(port)]
      let session = workshop.read("session")
      results.append(try await fleet.connect(port))
      // s_server resumes a session once.
      workshop.write("session", session)
      results.append(try await fleet.connect(port))
      return results
    }
    for (result, outcome) in zip(results, ["not possible", "accepted, 6 bytes", "rejected, 6 bytes are sent again"]) {
      #expect(result.exitCode == 0, "\(result.error)")
      #expect(result.error.contains("early data: \(outcome)"), "\(result.error)")
    }
    #expect(said.components("Early data received:") == 1)
    // In all three connections.
    #expect(said.components("early\n") == 3)
    #expect(said.components("late\n") == 3)
  }

  @Test(arguments: [16_384, 100])
  func `openssl s_client sends early data to the server`(limit: Int) async throws {
    let isAccepted = limit > 100
    let fleet = EarlyFleet(next: limit)
    let workshop = fleet.workshop
    let file = workshop.file("openssl.session")
    let result = try await Listener.socat(script: fleet.server) { port in
      func connect(_ options: [String]) async throws -> Tool.Result {
        try await Tool.run(
          "openssl",
          [
            "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", workshop.file("ca.pem"), "-verify_return_error",
            "-servername", fleet.name, "-ign_eof",
          ] + options, input: Array("late\n".utf8))
      }
      _ = try await connect(["-sess_out", file])
      return try await connect(["-sess_in", file, "-early_data", workshop.file("early")])
    }
    #expect(result.text.contains("Early data was \(isAccepted ? "accepted" : "rejected")"), "\(result.text)")
    #expect(result.text.contains("early=\(isAccepted ? "1" : "") TLSv1.3"))
    // s_client sends nothing again.
    #expect(result.text.contains("got early") == isAccepted)
    #expect(result.text.contains("got late"))
    #expect(workshop.text("said").contains(isAccepted ? "early data: accepted, 6 bytes" : "early data: rejected\n"))
  }

  // MARK: gnutls

  @Test(arguments: [16_384, 100])
  func `gnutls-cli sends early data to the server`(limit: Int) async throws {
    let isAccepted = limit > 100
    let fleet = EarlyFleet(next: limit)
    let result = try await Listener.socat(script: fleet.server) { port in
      try await Tool.run(
        "gnutls-cli",
        [
          "--resume", "--waitresumption", "--earlydata", fleet.workshop.file("early"), "--x509cafile",
          fleet.workshop.file("ca.pem"), "--sni-hostname", fleet.name, "--verify-hostname", fleet.name, "--port",
          "\(port)", "127.0.0.1",
        ], input: Array("late\n".utf8))
    }
    #expect(result.text.contains("*** This is a resumed session"))
    #expect(result.text.contains("early=\(isAccepted ? "1" : "") TLSv1.3"), "\(result.text)")
    #expect(result.text.contains("got early") == isAccepted)
    #expect(result.text.contains("got late"))
    #expect(
      fleet.workshop.text("said").contains(isAccepted ? "early data: accepted, 6 bytes" : "early data: rejected\n"))
  }

  @Test func `gnutls-serv accepts early data, and another one rejects it`() async throws {
    let fleet = EarlyFleet()
    let workshop = fleet.workshop
    let arguments = [
      "--echo", "--earlydata", "--maxearlydata", "16384", "--x509certfile", workshop.file("chain.pem"), "--x509keyfile",
      workshop.file("key.pem"),
    ]
    try await Listener.gnutlsServer(arguments) { (port) async throws in
      #expect(try await fleet.connect(port).text == "early\nlate\n")
      let result = try await fleet.connect(port)
      #expect(result.exitCode == 0, "\(result.error)")
      #expect(result.error.contains("early data: accepted, 6 bytes"))
      // It does not echo early data.
      #expect(result.text == "late\n")
    }
    // It has other ticket keys.
    try await Listener.gnutlsServer(arguments) { (port) async throws in
      let result = try await fleet.connect(port)
      #expect(result.exitCode == 0, "\(result.error)")
      #expect(result.error.contains("early data: rejected, 6 bytes are sent again"))
      #expect(result.text == "early\nlate\n")
    }
  }

  // MARK: Pre-shared keys

  /// The key may come again at any time, so that no store remembers it long enough.
  @Test func `early data by a pre-shared key is rejected, and its client served`() async throws {
    let fleet = EarlyFleet()
    let workshop = fleet.workshop
    workshop.write("psk", Array("device:\(PreSharedKeyTests.key)\n".utf8))
    let session = workshop.write("session.pem", PreSharedKeyTests.session(maximumEarlyData: 1_000))
    let handler = workshop.script("answering", "read line; echo \"early=$TLS_EARLY_DATA got $line\"")
    let server = workshop.script(
      "keyed",
      "exec \(Tool.path) server --psk-file \(workshop.file("psk")) --psk-hash sha384 --ticket-keys "
        + "\(workshop.file("keys")) --early-data 1000 --early-data-store \(workshop.file("store")) -- \(handler)")
    let result = try await Listener.socat(script: server) { port in
      try await Tool.run(
        "openssl",
        [
          "s_client", "-connect", "127.0.0.1:\(port)", "-psk_session", session, "-psk_identity", "device",
          "-early_data", workshop.file("early"), "-ign_eof",
        ], input: Array("late\n".utf8))
    }
    #expect(result.text.contains("Early data was rejected"), "\(result.text)")
    #expect(result.text.contains("early= got late"))
  }

  // MARK: Options

  @Test func `options without effect are refused`() async throws {
    let fleet = EarlyFleet()
    let workshop = fleet.workshop
    let (keys, store) = ("--ticket-keys \(workshop.file("keys"))", "--early-data-store \(workshop.file("store"))")
    for (options, message) in [
      ("\(keys) --early-data 100", "--early-data needs a memory of what was accepted"),
      ("\(keys) --early-data 0 \(store)", "--early-data 0 is out of range"),
      ("\(keys) --early-data 16777217 \(store)", "--early-data 16777217 is out of range"),
      ("--early-data 100 \(store)", "--early-data needs sessions"),
      ("\(keys) \(store)", "are for --early-data"),
      ("\(keys) --allow-replays", "are for --early-data"),
      ("\(keys) --early-data 100 --allow-replays \(store)", "use one of them"),
      ("\(keys) --early-data 100 --early-data-store /nowhere", "--early-data-store /nowhere: cannot use it: No such"),
      (
        "\(keys) --early-data 100 --early-data-store \(workshop.file("keys"))",
        "--early-data-store \(workshop.file("keys")): it is not a folder"
      ),
    ] {
      let result = try await Tool.shell(workshop.serverCommand(options, command: "cat"))
      #expect(result.exitCode == 64, "\(options)")
      #expect(result.error.contains(message), "\(result.error)")
    }
    let client = try await Tool.run(
      workshop.clientArguments(["--early-data", workshop.file("early")], command: ["true"]))
    #expect(client.exitCode == 64)
    #expect(client.error.contains("--early-data needs a session"))
    let missing = try await Tool.run(
      workshop.clientArguments(
        ["--session", workshop.file("session"), "--early-data", "/nowhere/early"], command: ["true"]))
    #expect(missing.exitCode == 64)
    #expect(missing.error.contains("--early-data /nowhere/early: cannot read it"))
  }
}

extension String {
  /// The number of occurrences of a text.
  fileprivate func components(_ text: String) -> Int { ranges(of: text).count }
}
