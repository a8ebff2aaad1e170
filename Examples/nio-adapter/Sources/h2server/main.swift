import NIOCore
import NIOHTTP2
import NIOPosix
import SansIOTLS
import SansIOTLSNIO

// h2server CHAIN.pem KEY.pem: serves HTTP/1.1 and HTTP/2 on loopback and prints the port that it listens on.
guard CommandLine.arguments.count == 3 else { fatalError("usage: h2server CHAIN.pem KEY.pem") }

let identity = try TLSIdentity(certificateFile: CommandLine.arguments[1], privateKeyFile: CommandLine.arguments[2])
var configuration = TLSContext.Configuration.server(identity)
configuration.applicationProtocols = ["h2", "http/1.1"]
let context = try TLSContext(configuration)

let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
  .childChannelInitializer { channel in
    channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHandler(TLSServerHandler(context: context))
    }.flatMap {
      channel.configureCommonHTTPServerPipeline { stream in
        stream.eventLoop.makeCompletedFuture { try stream.pipeline.syncOperations.addHandler(ByteServer()) }
      }
    }
  }
  .bind(host: "127.0.0.1", port: 0).get()
printImmediately("\(server.localAddress?.port ?? 0)")
try await server.closeFuture.get()
