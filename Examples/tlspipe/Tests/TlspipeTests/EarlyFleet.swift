/// A workshop with a server of one process for each connection, which shares keys and a store.
struct EarlyFleet {
  let workshop = Workshop()
  let server: String
  let early = "early\n"

  /// - Parameters:
  ///   - memory: the option about replays; a store without.
  ///   - first: the bytes of early data that the session of the first connection allows.
  ///   - next: the bytes of early data that the second and later connections are allowed.
  init(memory: String? = nil, first: Int = 16_384, next: Int = 16_384) {
    let workshop = workshop
    workshop.write("keys", Array((String(repeating: "1", count: 64) + "\n").utf8))
    workshop.write("early", Array(early.utf8))
    workshop.folder("store")
    let handler = workshop.script(
      "handler",
      """
      echo "early=$TLS_EARLY_DATA $TLS_VERSION $TLS_SERVER_NAME"
      while read line; do
        echo "got $line"
        [ "$line" != late ] || exit 0
      done
      """)
    let memory = memory ?? "--early-data-store \(workshop.file("store"))"
    server = workshop.script(
      "server",
      "limit=\(next); [ -e \(workshop.file("said")) ] || limit=\(first)\nexec "
        + workshop.serverCommand(
          "--ticket-keys \(workshop.file("keys")) --verbose --early-data $limit \(memory)", command: handler)
        + " 2>>\(workshop.file("said"))")
  }

  /// A connection of tlspipe's client, which sends a file early if it can.
  func connect(_ port: Int, _ options: [String] = []) async throws -> Tool.Result {
    try await Tool.run(
      workshop.clientArguments(
        ["--session", workshop.file("session"), "--early-data", workshop.file("early")] + options,
        command: ["socat", "-", "TCP:127.0.0.1:\(port),retry=200,interval=0.05"]), input: Array("late\n".utf8))
  }

  /// The option that names a folder as store.
  func store(_ name: String) -> String { "--early-data-store \(workshop.folder(name))" }

  var name: String { Workshop.serverName }
}
