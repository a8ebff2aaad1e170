// Guide: the first connection
import SansIOTLS
import SansIOTLSTransports

// The two ends of a connection in memory. A socket, a pipe or a transport of your own takes their place.
let (near, far) = MemoryTransport.pair()

// The server: a certificate chain and its private key, from PEM files.
let identity = try TLSIdentity(certificateFile: "server.pem", privateKeyFile: "server.key")
let serverContext = try TLSContext(.server(identity))
let server = Task {
  let stream = TLSStream(try TLSEngine(.server, context: serverContext), over: far)
  for try await bytes in stream.plaintext {
    try await stream.write(Array(String(decoding: bytes, as: UTF8.self).uppercased().utf8))
  }
  try await stream.close()
}

// The client: the authority that it trusts, and the name that the server must prove.
var configuration = TLSContext.Configuration.client()
configuration.trustRoots = [.file("ca.pem")]  // the system's authorities without this line
let clientContext = try TLSContext(configuration)
let client = TLSStream(try TLSEngine(.client(serverName: .dns("localhost")), context: clientContext), over: near)
print(try await client.handshake().cipherSuite)
try await client.write(Array("hello\n".utf8))  // a long message is written while another task reads
try await client.closeWriting()
for try await bytes in client.plaintext { print(String(decoding: bytes, as: UTF8.self), terminator: "") }
try await client.close()
try await server.value
// Guide: end
