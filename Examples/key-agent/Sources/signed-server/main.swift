import AgentProtocol
import Foundation
import SansIOTLS
import SansIOTLSTransports

// signed-server CERT.pem SOCKET [tls12]: a TLS server on standard input and output, for example of socat's EXEC, whose
// key is held by key-agent. It answers a line by the negotiated version, and exits with 1 if the connection fails.
guard (3...4).contains(CommandLine.arguments.count) else { fatalError("usage: signed-server CERT.pem SOCKET") }

@Sendable func report(_ line: String) { FileHandle.standardError.write(Data("\(line)\n".utf8)) }

let pem = try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1]))
let context = try serverContext(certificates: Array(pem), agent: CommandLine.arguments[2])
let transport = FileDescriptorTransport(try NonblockingDescriptorPair(reading: 0, writing: 1, ownership: .borrowed))
let stream = TLSStream(try TLSEngine(.server, context: context), over: transport)
do {
  let negotiated = try await stream.handshake()
  report("\(negotiated.version)")
  _ = try await stream.read()
  let text = "the key is elsewhere, \(negotiated.version)\n"
  try await stream.write(Array("HTTP/1.0 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)".utf8))
  try await stream.close()
} catch {
  report("\(error)")
  exit(1)
}
