import SansIOTLS
import Testing

/// The inputs of fingerprints, as the library reads them out of a ClientHello and as tshark does.
@Suite(.fewAtATime, .ifItHangs) struct FingerprintTests {
  @Test(arguments: [[], ["--max-version", "1.2"], ["--min-version", "1.3", "--alpn", "h2,http/1.1"]])
  func `the text of JA3 is the one that tshark computes`(options: [String]) async throws {
    let workshop = Workshop()
    let file = workshop.file("connection.pcapng")
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "true"))
    let result = try await Tool.run(workshop.clientArguments(options + ["--capture", file], command: [server]))
    #expect(result.exitCode == 0 || options.contains("--alpn"), "\(result.error)")
    let fields = try await Tool.run(
      "tshark",
      [
        "-n", "-r", file, "-Y", "tls.handshake.type == 1", "-T", "fields", "-e", "tls.handshake.ja3_full", "-e",
        "tcp.payload",
      ]
    ).text.split(whereSeparator: \.isWhitespace).map(String.init)
    try #require(fields.count == 2)
    let record = stride(from: 0, to: fields[1].utf8.count, by: 2).compactMap { place in
      UInt8(fields[1].dropFirst(place).prefix(2), radix: 16)
    }
    let hello = try #require(TLSEngine.ClientHello(message: Array(record.dropFirst(5))))
    #expect(Self.ja3(hello) == fields[0])
  }

  private static func ja3(_ hello: TLSEngine.ClientHello) -> String {
    func joined(_ numbers: [UInt16]) -> String {
      numbers.filter { !isGREASE($0) }.map { "\($0)" }.joined(separator: "-")
    }
    return [
      "\(hello.legacyVersion?.rawValue ?? 0)", joined(hello.cipherSuites.map(\.rawValue)),
      joined(hello.extensions.map(\.type)), joined(hello.groups.map(\.rawValue)),
      joined(hello.pointFormats.map(UInt16.init)),
    ].joined(separator: ",")
  }

  private static func isGREASE(_ number: UInt16) -> Bool { TLSGroup(rawValue: number).isGREASE }
}
