import SansIOTLS

// Uses the core from end to end, so that the linker keeps all of it: a ClientHello, the rejection of an answer that is
// not TLS, and the resulting alert or error.

print("libssl \(TLSCapabilities.libraryVersion)")
let capabilities = try TLSCapabilities()
print("raw public keys: \(capabilities.supportsRawPublicKeys)")
print("groups: \(capabilities.groups.map(\.description).joined(separator: " "))")
let context = try TLSContext(.client())
var tls = try TLSEngine(.client(serverName: .dns("example.org")), context: context)
let hello = tls.drain()
print("ClientHello: \(hello.count) bytes; needs \(tls.needs)")
do {
  _ = try tls.feed(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
} catch {
  print(error.code)
}
