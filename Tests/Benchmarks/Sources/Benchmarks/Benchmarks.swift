import CCounters
import SansIOTLS

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A comparison of the engine with the same loop in C; see `Options.help`.
@main
enum Benchmarks {
  static func main() {
    do {
      let options = try Options(CommandLine.arguments.dropFirst())
      if options.isHelp {
        print(Options.help)
      } else if let scenario = options.profiled {
        try options.contestant.loop(for: scenario, Credentials(), options.library).run(options.count)
      } else if let layer = options.layer {
        try waiting { [work = options.work, count = options.count] in
          try await layer.loop(for: work, .streams(Credentials())).run(count)
        }
      } else if options.measures.count > 1 {
        try runApart(options.measures)
      } else if try !run(options.measures[0], options), options.isEnforcing {
        exit(1)
      }
    } catch {
      print("Benchmarks: \(error)")
      exit(2)
    }
  }

  /// - Returns: whether every bar that can fail a run was met.
  private static func run(_ measure: Options.Measure, _ options: Options) throws -> Bool {
    switch measure {
    case .time:
      try Timing(rounds: options.rounds).run(options.scenarios, Credentials())
      return true
    case .instructions:
      return try Instructions(executable: CommandLine.arguments[0]).run(options.scenarios, Credentials())
    case .allocations:
      // Before libcrypto allocates memory, for example to mint the credentials.
      guard counters_allocations_open() else {
        print("allocations: not available (needs glibc)")
        return true
      }
      return try Allocations().run(Credentials())
    case .memory:
      return try Memory().run()
    case .streams:
      let timing = StreamTiming(rounds: options.rounds)
      return try waiting { try await timing.run(Credentials()) }
    case .idle:
      return try waiting { [count = options.connections] in
        var memory = try IdleMemory(count: count, Credentials())
        try await memory.run()
        return true
      }
    case .libraries:
      try Libraries(executable: CommandLine.arguments[0], rounds: options.rounds).run(Credentials())
      return true
    case .counts:
      guard counters_allocations_open(), counters_task_work_open() else {
        print("counts: not available (needs glibc)")
        return true
      }
      return try waiting {
        var counts = try StreamCounts(Credentials())
        return try await counts.run()
      }
    }
  }

  /// Runs each measurement in a process of its own, with its own heap, allocator and caches.
  private static func runApart(_ measures: [Options.Measure]) throws {
    let chosen = Set(measures.map(\.rawValue))
    let shared = CommandLine.arguments.dropFirst().filter { !chosen.contains($0) }
    var isKept = true
    for measure in measures {
      let words = [CommandLine.arguments[0], measure.rawValue] + shared
      // The command is valid during the call.
      let status = unsafe system(words.map { "'\($0)'" }.joined(separator: " "))
      isKept = isKept && status == 0
    }
    if !isKept { exit(1) }
  }
}
