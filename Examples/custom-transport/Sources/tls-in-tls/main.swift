import CustomTransports
import Foundation
import SansIOTLS
import SansIOTLSTransports

// tls-in-tls CERT.pem: TLS inside TLS over standard input and output, for example of socat's EXEC. Sends a line to the
// inner server and writes its answer to standard error.
guard CommandLine.arguments.count == 2 else { fatalError("usage: tls-in-tls CERT.pem") }
var configuration = TLSContext.Configuration.client()
configuration.trustRoots = [.file(CommandLine.arguments[1])]
let context = try TLSContext(configuration)
let transport = FileDescriptorTransport(try NonblockingDescriptorPair(reading: 0, writing: 1, ownership: .borrowed))
let outer = TLSStream(try TLSEngine(.client(serverName: .dns("localhost")), context: context), over: transport)
let inner = try outer.nested(context, .dns("localhost"))
let negotiated = (inner: try await inner.handshake(), outer: outer.negotiated)
try await inner.write(Array("sredniwnu\n".utf8))
var answer = ""
while !answer.contains("\n"), let bytes = try await inner.read() { answer += String(decoding: bytes, as: UTF8.self) }
let report = "outer \(negotiated.outer!.version), inner \(negotiated.inner.version), the inner server sent: \(answer)"
FileHandle.standardError.write(Data(report.utf8))
// Waits until both peers have closed: socat fails if it writes to a program that has exited.
try await inner.closeWriting()
while try await inner.read() != nil {}
while try await outer.read() != nil {}
try await inner.close()
