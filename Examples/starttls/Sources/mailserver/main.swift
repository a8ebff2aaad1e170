import Foundation
import MailDialogue
import SansIOTLS

// mailserver CHAIN.pem KEY.pem: prints the port that it listens on, then each message that it receives.
guard CommandLine.arguments.count == 3 else { fatalError("usage: mailserver CHAIN.pem KEY.pem") }
/// Prints a line without buffering, also to a file.
@Sendable func printImmediately(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

let identity = try TLSIdentity(certificateFile: CommandLine.arguments[1], privateKeyFile: CommandLine.arguments[2])
let server = MailServer(context: try TLSContext(.server(identity))) { message in
  printImmediately("from \(message.sender) to \(message.recipients.joined(separator: " "))")
  for line in message.lines { printImmediately("> \(line)") }
}
let (listener, port) = try Loopback.listen()
printImmediately("\(port)")
// The main thread does not belong to Swift's pool: it may block here, because nothing else runs on it.
while true {
  let connection = try Loopback.accept(listener)
  Task.detached {
    do { try await server.serve(connection) } catch { printImmediately("failed: \(error)") }
  }
}
