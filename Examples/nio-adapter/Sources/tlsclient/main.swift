import NIOCore
import NIOPosix
import SansIOTLS
import SansIOTLSNIO

// tlsclient PORT AUTHORITY.pem: joins standard input and output, two pipes, with a TLS server on loopback that is called
// localhost. The end of the input closes the output toward the server; the server's end ends the program.
guard CommandLine.arguments.count == 3, let port = Int(CommandLine.arguments[1]) else {
  fatalError("usage: tlsclient PORT AUTHORITY.pem")
}

var configuration = TLSContext.Configuration.client()
configuration.trust = [.file(CommandLine.arguments[2])]
let context = try TLSContext(configuration)
let group = MultiThreadedEventLoopGroup.singleton
typealias Bytes = NIOAsyncChannel<ByteBuffer, ByteBuffer>

let server = try await ClientBootstrap(group: group)
  .channelOption(.allowRemoteHalfClosure, value: true)
  .connect(host: "127.0.0.1", port: port) { channel in
    channel.eventLoop.makeCompletedFuture {
      let tls = try TLSClientHandler(context: context, serverName: .dns("localhost"))
      try channel.pipeline.syncOperations.addHandler(tls)
      return try Bytes(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }
let pipes = try await NIOPipeBootstrap(group: group)
  .channelOption(.allowRemoteHalfClosure, value: true)
  .takingOwnershipOfDescriptors(input: 0, output: 1) { channel in
    channel.eventLoop.makeCompletedFuture {
      try Bytes(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }

try await server.executeThenClose { fromServer, toServer in
  try await pipes.executeThenClose { input, output in
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        for try await bytes in input { try await toServer.write(bytes) }
        toServer.finish()
      }
      for try await bytes in fromServer { try await output.write(bytes) }
      output.finish()
      tasks.cancelAll()
    }
  }
}
