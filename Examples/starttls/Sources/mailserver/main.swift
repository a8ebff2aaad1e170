import Foundation
import MailDialogue
import SansIOTLS

// mailserver CHAIN.pem KEY.pem: prints the port that it listens on, then each message that it is sent.
guard CommandLine.arguments.count == 3 else { fatalError("usage: mailserver CHAIN.pem KEY.pem") }
/// At once, also into a file.
@Sendable func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

let identity = try TLSIdentity(certificateFile: CommandLine.arguments[1], privateKeyFile: CommandLine.arguments[2])
let server = MailServer(context: try TLSContext(.server(identity))) { message in
  say("from \(message.sender) to \(message.recipients.joined(separator: " "))")
  for line in message.lines { say("> \(line)") }
}
let (listener, port) = try Loopback.listen()
say("\(port)")
// The main thread is no thread of Swift's pool: it may wait here, as long as nothing else is meant to run on it.
while true {
  let connection = try Loopback.accept(listener)
  Task.detached {
    do { try await server.serve(connection) } catch { say("failed: \(error)") }
  }
}
