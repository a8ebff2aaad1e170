import ArgumentParser
import SansIOTLSTransports
import Subprocess

/// The COMMAND after `--`: a program connected to this one by two pipes.
struct Command {
  private let executable: Executable
  private let arguments: Arguments
  private let name: String

  /// Finds the program.
  ///
  /// - Parameter words: the program and its arguments, as the shell split them.
  /// - Returns: `nil` if there are no words.
  /// - Throws: `ExitCode` after reporting that the program does not exist.
  init?(_ words: [String]) async throws {
    guard let name = words.first else { return nil }
    self.name = name
    executable = name.contains("/") ? .path(.init(name)) : .name(name)
    arguments = Arguments(Array(words.dropFirst()))
    // Checked before a peer waits for a program that cannot be started.
    do {
      _ = try await executable.resolveExecutablePath(in: .inherit)
    } catch {
      throw Self.cannotStart(name, error)
    }
  }

  /// Runs the program with its standard input and output connected to a transport, and waits for its end.
  ///
  /// - Parameters:
  ///   - environment: the program's environment.
  ///   - grace: the time that the program may run after `body`; then it is terminated, by SIGHUP first. `nil`: no
  ///     limit.
  ///   - body: receives the transport, which it ends, and the running program.
  /// - Returns: the result of `body`, and the program's termination status; `nil` if it had to be terminated.
  /// - Throws: `ExitCode` after reporting that the program cannot be started.
  func run<Result: Sendable>(
    environment: Environment = .inherit, grace: Duration? = nil,
    body: (consuming NonblockingDescriptorPair, RunningCommand) -> Result
  ) async throws -> (Result, TerminationStatus?) {
    let toProgram = try Pipe()
    let fromProgram = try Pipe()
    let transport = try NonblockingDescriptorPair(reading: fromProgram.reading, writing: toProgram.writing)
    var handedOver: NonblockingDescriptorPair? = consume transport
    do {
      let execution = try await Subprocess.run(
        executable, arguments: arguments, environment: environment,
        input: .fileDescriptor(.init(rawValue: toProgram.reading), closeAfterSpawningProcess: true),
        output: .fileDescriptor(.init(rawValue: fromProgram.writing), closeAfterSpawningProcess: true),
        error: .currentStandardError
      ) { execution in
        let program = RunningCommand(identifier: execution.processIdentifier.value)
        let result = body(handedOver.take()!, program)
        guard let grace, program.isRunning else { return (result, false) }
        let clock = ContinuousClock()
        let start = clock.now
        await execution.teardown(using: Self.ending(grace))
        // The first effective signal is sent after the grace, not before.
        return (result, clock.now - start >= grace)
      }
      let (result, hasStayed) = execution.closureResult
      return (result, hasStayed ? nil : execution.terminationStatus)
    } catch let error as SubprocessError {
      throw Self.cannotStart(name, error)
    }
  }

  /// The sequence that terminates a program: SIGHUP, as at the loss of its terminal, SIGTERM, and last SIGKILL, with
  /// which Subprocess ends each sequence. Signal 0 has no effect (kill(2)): its step is the first wait.
  private static func ending(_ grace: Duration) -> [TeardownStep] {
    [Signal(rawValue: 0), .terminalClosed, .terminate].map {
      .send(signal: $0, allowedDurationToNextStep: grace)
    }
  }

  private static func cannotStart(_ name: String, _ error: any Error) -> ExitCode {
    StandardError.say("cannot start \(name): \(error); check the name after -- and that it is executable")
    return ExitReport.transportFailure
  }
}
