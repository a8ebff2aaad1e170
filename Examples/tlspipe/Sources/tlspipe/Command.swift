import ArgumentParser
import SansIOTLSTransports
import Subprocess

/// The COMMAND behind `--`: a program joined to this one by two pipes.
struct Command {
  private let executable: Executable
  private let arguments: Arguments
  private let name: String

  /// - Parameter words: the program and its arguments, as the shell split them.
  /// - Returns: `nil` if there are none.
  /// - Throws: `ExitCode` after saying so, if there is no such program.
  init?(_ words: [String]) async throws {
    guard let name = words.first else { return nil }
    self.name = name
    executable = name.contains("/") ? .path(.init(name)) : .name(name)
    arguments = Arguments(Array(words.dropFirst()))
    // Asked before a peer is kept waiting for a program that cannot be started.
    do {
      _ = try await executable.resolveExecutablePath(in: .inherit)
    } catch {
      throw Self.cannotStart(name, error)
    }
  }

  /// Runs the program, its standard input and output joined to a transport, and waits for its end.
  ///
  /// - Parameters:
  ///   - environment: for the program.
  ///   - body: gets the transport, and ends it.
  /// - Returns: what `body` returns, and how the program ended.
  /// - Throws: `ExitCode` after saying so, if the program cannot be started.
  func run<Result: Sendable>(
    environment: Environment = .inherit, body: (consuming FileDescriptorTransport) -> Result
  ) async throws -> (Result, TerminationStatus) {
    let toProgram = try Pipe()
    let fromProgram = try Pipe()
    let transport = try FileDescriptorTransport(reading: fromProgram.reading, writing: toProgram.writing)
    var handedOver: FileDescriptorTransport? = consume transport
    do {
      let execution = try await Subprocess.run(
        executable, arguments: arguments, environment: environment,
        input: .fileDescriptor(.init(rawValue: toProgram.reading), closeAfterSpawningProcess: true),
        output: .fileDescriptor(.init(rawValue: fromProgram.writing), closeAfterSpawningProcess: true),
        error: .currentStandardError
      ) { _ in
        body(handedOver.take()!)
      }
      return (execution.closureResult, execution.terminationStatus)
    } catch let error as SubprocessError {
      throw Self.cannotStart(name, error)
    }
  }

  private static func cannotStart(_ name: String, _ error: any Error) -> ExitCode {
    StandardError.say("cannot start \(name): \(error); check the name behind -- and that it is executable")
    return ExitReport.transportFailure
  }
}
