import ArgumentParser
import SansIOTLSTestKit
import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Both ends on one machine: `tlspipe client` and `tlspipe server` as two processes, joined by pipes.
struct DemoCommand: CheckedCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Runs a client and a server as two processes and sends a file each way.",
    discussion: """
      The server's certificate is minted in memory and reaches the two processes through pipes: nothing touches the \
      disk or the network. The exit code is 0 only if both files arrived as they were sent.

      EXAMPLES
        tlspipe demo
        tlspipe demo --max-version 1.2 --file /path/to/large.iso --progress
      """)

  @Option(help: ArgumentHelp("The file to send; by default this program's own executable.", valueName: "file"))
  var file: String?

  @OptionGroup var versions: VersionOptions

  @Flag(help: "Show a bar, if standard error is a terminal.")
  var progress = false

  private static let serverName = "demo.tlspipe.example"

  func check() throws { try versions.check() }

  func run() throws {
    try checkOrLeave()
    let path = file ?? SpawnedSelf.path
    let (size, expected) = try digest(of: path)
    let isBegun = TextOutput.write("sending \(path), \(size) bytes, each way\n", to: STDOUT_FILENO)
    let clock = ContinuousClock()
    let start = clock.now
    let (client, server, ladder) = try transfer(path, size: size)
    let duration = clock.now - start
    let isIntact = client.digest == expected && server.digest == expected
    let isPrinted = TextOutput.write(
      """

      \(shortened(ladder))
      client (exit code \(client.exitCode))
      \(client.indentedReport)
      server (exit code \(server.exitCode))
      \(server.indentedReport)
      both: \(Quantity.bytes(2 * size)) in \(Quantity.time(duration)), \(Quantity.rate(2 * size, duration))
      SHA-256 sent                 \(expected)
      SHA-256 received by client   \(client.digest)
      SHA-256 received by server   \(server.digest)
      \(isIntact ? "digests match" : "digests DIFFER: what arrived is not what was sent")

      """, to: STDOUT_FILENO)
    if !isBegun || !isPrinted { throw ExitReport.transportFailure }
    let failed = [client.exitCode, server.exitCode].first { $0 != 0 }
    if let failed { throw ExitCode(failed) }
    if !isIntact { throw ExitReport.transportFailure }
  }

  /// The result of one of the two processes.
  private struct Peer {
    var digest = ""
    var report = ""
    var exitCode: Int32 = 0

    var indentedReport: String {
      report.split(separator: "\n").map { "  \($0)\n" }.joined()
    }
  }

  /// - Returns: the results of both, and the client's ladder.
  private func transfer(_ path: String, size: Int) throws -> (client: Peer, server: Peer, ladder: String) {
    let identity = TestIdentity.server(Self.serverName)
    let toServer = try Pipe()
    let toClient = try Pipe()
    let clientOutput = try Pipe()
    let serverOutput = try Pipe()
    let clientReport = try Pipe()
    let serverReport = try Pipe()
    let ladder = try Pipe()
    let files = try [openAbove(path), openAbove(path)]
    let authority = try loaded(identity.authority.certificatePEM)
    let certificate = try loaded(identity.chainPEM)
    let key = try loaded(identity.privateKeyPEM)

    let client = try SpawnedSelf(
      [
        "client", "--server-name", Self.serverName, "--ca", "/dev/fd/8", "--cipher-fds", "6,7", "--stats",
        "--ladder", "/dev/fd/9",
      ] + versions.arguments,
      descriptors: [
        0: files[0], 1: clientOutput.writing, 2: clientReport.writing,
        6: toClient.reading, 7: toServer.writing, 8: authority, 9: ladder.writing,
      ])
    let server = try SpawnedSelf(
      ["server", "--certificate", "/dev/fd/8", "--private-key", "/dev/fd/9", "--plain-fds", "6,7", "--stats"]
        + versions.arguments,
      descriptors: [
        0: toServer.reading, 1: toClient.writing, 2: serverReport.writing,
        6: files[1], 7: serverOutput.writing, 8: certificate, 9: key,
      ])
    // The children have their own descriptors; one left open here would hide the end of a child's.
    let handedOver = [
      clientOutput.writing, clientReport.writing, serverOutput.writing, serverReport.writing, toServer.reading,
      toServer.writing, toClient.reading, toClient.writing, authority, certificate, key, ladder.writing,
    ]
    for descriptor in handedOver + files { close(descriptor) }

    let digests = (client: Digest(), server: Digest())
    var reports: (client: [UInt8], server: [UInt8], ladder: [UInt8]) = ([], [], [])
    var received = 0
    var bar = ProgressBar(isWanted: progress, total: 2 * size)
    func take(_ bytes: ArraySlice<UInt8>, into digest: Digest) {
      digest.update(bytes)
      received += bytes.count
      bar.update(received)
    }
    DescriptorReader.run([
      (clientOutput.reading, { take($0, into: digests.client) }),
      (serverOutput.reading, { take($0, into: digests.server) }),
      (clientReport.reading, { reports.client += $0 }),
      (serverReport.reading, { reports.server += $0 }),
      (ladder.reading, { reports.ladder += $0 }),
    ])
    bar.erase()
    return (
      Peer(
        digest: digests.client.finish(), report: String(decoding: reports.client, as: UTF8.self),
        exitCode: client.wait()),
      Peer(
        digest: digests.server.finish(), report: String(decoding: reports.server, as: UTF8.self),
        exitCode: server.wait()),
      String(decoding: reports.ladder, as: UTF8.self)
    )
  }

  /// The beginning and the end of a ladder. The omitted middle is data, which flows in both directions and fills pages.
  private func shortened(_ ladder: String) -> String {
    let lines = ladder.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count > 60 else { return ladder }
    let omission = "            … \(lines.count - 48) lines more …"
    return (lines.prefix(32) + [omission[...]] + lines.suffix(16)).joined(separator: "\n")
  }

  private func digest(of path: String) throws -> (size: Int, digest: String) {
    let digest = Digest()
    var size = 0
    let error = DescriptorReader.run([
      (
        try openAbove(path),
        {
          digest.update($0)
          size += $0.count
        }
      )
    ])
    if let error { throw NamedFile("--file", path).refused("cannot read it: \(NamedFile.reason(error.number))") }
    return (size, digest.finish())
  }

  /// Creates a pipe that contains these bytes, in place of a file.
  private func loaded(_ bytes: [UInt8]) throws -> Int32 {
    let pipe = try Pipe()
    // Minted credentials have a few kilobytes; a pipe accepts 64 KiB (16 KiB on some systems) before a write blocks.
    precondition(bytes.count <= 16 * 1024)
    defer { close(pipe.writing) }
    // Sound: the array is valid during the call, and the length is its own.
    guard unsafe write(pipe.writing, bytes, bytes.count) == bytes.count else {
      throw TransportError(.write, number: errno)
    }
    return pipe.reading
  }

  /// Opens a file for reading, above the descriptors that children use.
  ///
  /// Three readers read it from its beginning, which requires a regular file. O_NONBLOCK avoids a wait for the writer
  /// of a FIFO, which is refused.
  private func openAbove(_ path: String) throws -> Int32 {
    let file = NamedFile("--file", path)
    let descriptor = try file.open(O_RDONLY | O_NONBLOCK, because: "read")
    defer { close(descriptor) }
    guard NamedFile.permissions(of: descriptor) != nil else {
      throw file.refused("it is not a regular file, and is to be read several times")
    }
    let moved = fcntl(descriptor, F_DUPFD_CLOEXEC, Pipe.lowest)
    guard moved >= 0 else { throw file.refused("cannot read it: \(NamedFile.reason(errno))") }
    return moved
  }
}
