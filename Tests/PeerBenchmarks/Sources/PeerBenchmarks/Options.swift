import NIOCore
import NIOPosix

/// The command line.
struct Options {
  enum Measure: String, CaseIterable { case sockets, embedded, memory, idle }

  /// A refused argument.
  struct Refused: Error { let argument: String }

  static let help = """
    USAGE: PeerBenchmarks [sockets] [embedded] [memory] [options]

    Compares the NIO adapter and swift-nio-ssl in one program, in short alternating turns. Without a measure, the first
    three run. Build with `-c release`.

      sockets    rates per CPU second over TCP on loopback, both ends on one event loop, beside NIO without TLS and two
                 engines without channels; a ratio above 1 is faster than swift-nio-ssl
      embedded   times over embedded channels; a ratio above 1 is slower than swift-nio-ssl
      memory     the heap of an idle connection
      idle       the resident memory of idle connections over TCP, of one contestant

      --scenario NAME   only this one of sockets: \(SocketScenario.all.map(\.name).joined(separator: ", "))
      --peer NAME       only this contestant of sockets or idle: \(names.joined(separator: ", "))
      --connections N   connections of idle (default 9900; each takes two descriptors)
      --rounds N        rounds of sockets, at least 6 (default 12)
    """

  private static let names = ["NIO", "swift-nio-ssl", "adapter", "engines"]

  private var measures: [Measure] = []
  private var scenarios = SocketScenario.all
  private var contestants = names
  private var rounds = 12
  private var connections = 9900
  private(set) var isHelp = false

  /// - Throws: `Refused` for an unknown argument.
  init(_ arguments: some Sequence<String>) throws {
    var rest = arguments.makeIterator()
    while let argument = rest.next() {
      switch argument {
      case "--help", "-h": isHelp = true
      case "--scenario":
        let name = rest.next()
        scenarios.removeAll { $0.name != name }
      case "--peer":
        let name = rest.next()
        contestants.removeAll { $0 != name }
      case "--rounds":
        guard let count = rest.next().flatMap({ Int($0) }), count >= 6 else { throw Refused(argument: argument) }
        rounds = count
      case "--connections":
        guard let count = rest.next().flatMap({ Int($0) }), count > 0 else { throw Refused(argument: argument) }
        connections = count
      default:
        guard let measure = Measure(rawValue: argument) else { throw Refused(argument: argument) }
        measures.append(measure)
      }
    }
    if scenarios.isEmpty || contestants.isEmpty { throw Refused(argument: "--scenario or --peer") }
    if measures.isEmpty { measures = [.sockets, .embedded, .memory] }
  }

  func run(adapter: AdapterPeer, nioSSL: NIOSSLPeer) throws {
    for measure in measures {
      switch measure {
      case .sockets: try runSockets(adapter, nioSSL)
      case .embedded: try runEmbedded(adapter, nioSSL)
      case .memory: try runMemory(adapter, nioSSL)
      case .idle: try runIdle(adapter, nioSSL)
      }
    }
  }

  private func runSockets(_ adapter: AdapterPeer, _ nioSSL: NIOSSLPeer) throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    for scenario in scenarios {
      let turns: [String: () throws -> () throws -> Void] = [
        "NIO": { try scenario.prepare(PlainPeer(), group) },
        "swift-nio-ssl": { try scenario.prepare(nioSSL, group) },
        "adapter": { try scenario.prepare(adapter, group) },
        "engines": { try scenario.prepareEngines(adapter) },
      ]
      let contestants = contestants.compactMap { name in
        turns[name].map { Race.Contestant(name: name, prepare: $0) }
      }
      try Race(scenario: scenario, contestants: contestants, rounds: rounds).run(reference: "swift-nio-ssl")
    }
    try group.syncShutdownGracefully()
  }

  private func runEmbedded(_ adapter: AdapterPeer, _ nioSSL: NIOSSLPeer) throws {
    for scenario in [Scenario.handshakes, .bulk, .pingPong] {
      try Contest(
        name: "\(scenario.name): adapter", ours: try scenario.prepare(adapter), theirs: try scenario.prepare(nioSSL)
      ).run()
    }
    var engines = try EngineLoop(adapter, message: 64)
    try Contest(
      name: "\(Scenario.pingPong.name): engine alone", ours: { try engines.roundTrips(Scenario.roundTrips) },
      theirs: try Scenario.pingPong.prepare(nioSSL)
    ).run()
  }

  private func runIdle(_ adapter: AdapterPeer, _ nioSSL: NIOSSLPeer) throws {
    guard contestants.count == 1 else { throw Refused(argument: "idle without --peer") }
    let idle = IdleConnections(count: connections)
    switch contestants[0] {
    case "NIO": try idle.measure("NIO", PlainPeer())
    case "swift-nio-ssl": try idle.measure("swift-nio-ssl", nioSSL)
    case "adapter": try idle.measure("adapter, hibernating", adapter)
    default: try idle.measureEngines("engines, hibernating", adapter)
    }
  }

  private func runMemory(_ adapter: AdapterPeer, _ nioSSL: NIOSSLPeer) throws {
    let ours = try IdleMemory.measure(adapter)
    let theirs = try IdleMemory.measure(nioSSL)
    print(
      "an idle connection's heap, an embedded channel included: adapter, hibernating, \((ours / 1000).hundredths) KB,"
        + " swift-nio-ssl \((theirs / 1000).hundredths) KB, ratio \((ours / theirs).hundredths)")
  }
}
