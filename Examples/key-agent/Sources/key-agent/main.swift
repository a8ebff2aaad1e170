import AgentProtocol
import SansIOTLS

// key-agent KEY.pem SOCKET: holds a private key and signs for the handshakes of other processes of the same user, one
// after the other. Prints a line when it listens, and one for each request.
guard CommandLine.arguments.count == 3 else { fatalError("usage: key-agent KEY.pem SOCKET") }

/// Prints a line without buffering, also to a file.
func report(_ line: String) {
  print(line)
  flushStreams()
}

do {
  let key = try AgentKey(file: CommandLine.arguments[1])
  let socket = try UnixSocket.listen(at: CommandLine.arguments[2])
  report("listening at \(CommandLine.arguments[2])")
  while true {
    let connection = try socket.accept(seconds: 5)
    do throws(AgentError) {
      let request = try connection.receiveRequest()
      let answer = Result { () throws(AgentError) in try key.sign(request) }
      try connection.send(answer)
      report("\(request.scheme), \(request.bytes.count) bytes")
    } catch {
      report("failed: \(error)")
    }
  }
} catch {
  fatalError("\(error)")
}
