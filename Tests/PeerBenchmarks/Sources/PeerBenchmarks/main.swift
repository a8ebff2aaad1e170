import SansIOTLSTestKit

// Compares the NIO adapter, and the engine alone, with swift-nio-ssl. Each ratio includes the two different TLS
// libraries.
let options = try Options(CommandLine.arguments.dropFirst())
if options.isHelp {
  print(Options.help)
} else {
  let identity = TestIdentity.server()
  try options.run(adapter: AdapterPeer(identity), nioSSL: NIOSSLPeer(identity))
}
