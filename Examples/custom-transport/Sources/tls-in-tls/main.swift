import CustomTransports
import Foundation
import SansIOTLS
import SansIOTLSTransports

// tls-in-tls CERT.pem: TLS inside TLS over standard input and output, as socat's EXEC gives them; sends a line to the inner
// server and writes its answer to standard error.
guard CommandLine.arguments.count == 2 else { fatalError("usage: tls-in-tls CERT.pem") }
var configuration = TLSContext.Configuration.client()
configuration.trust = [.file(CommandLine.arguments[1])]
let context = try TLSContext(configuration)
let transport = FileDescriptorTransport(try NonblockingDescriptorPair(reading: 0, writing: 1, ownership: .borrowed))
let outer = TLSStream(try TLSEngine(.client(serverName: .dns("localhost")), context: context), over: transport)
let inner = try outer.nested(context, .dns("localhost"))
let negotiated = (inner: try await inner.handshake(), outer: outer.negotiated)
try await inner.write(Array("sredniwnu\n".utf8))
var answer = ""
while !answer.contains("\n"), let bytes = try await inner.read() { answer += String(decoding: bytes, as: UTF8.self) }
let report = "outer \(negotiated.outer!.version), inner \(negotiated.inner.version), the inner server says: \(answer)"
FileHandle.standardError.write(Data(report.utf8))
// Both peers say their ends before this program does: what they send to a program that is gone would be socat's failure.
try await inner.closeWriting()
while try await inner.read() != nil {}
while try await outer.read() != nil {}
try await inner.close()
