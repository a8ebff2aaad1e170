import NIOCore
import NIOPosix
import SansIOTLS
import SansIOTLSNIO

// tlsclient PORT AUTHORITY.pem: connects standard input and output, two pipes, to the TLS server localhost on loopback.
// The end of the input closes the output toward the server; the server's close_notify ends the program.
guard CommandLine.arguments.count == 3, let port = Int(CommandLine.arguments[1]) else {
  fatalError("usage: tlsclient PORT AUTHORITY.pem")
}

var configuration = TLSContext.Configuration.client()
configuration.trustRoots = [.file(CommandLine.arguments[2])]
let context = try TLSContext(configuration)
let group = MultiThreadedEventLoopGroup.singleton

let server = try await ClientBootstrap(group: group)
  .channelOption(.allowRemoteHalfClosure, value: true)
  .connect(host: "127.0.0.1", port: port) { channel in
    channel.eventLoop.makeCompletedFuture {
      let tls = try TLSClientHandler(context: context, serverName: .dns("localhost"))
      try channel.pipeline.syncOperations.addHandler(tls)
      return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }
// A channel for each pipe: a single channel does not detect a broken output while its input is open.
let input = try await NIOPipeBootstrap(group: group).takingOwnershipOfDescriptor(input: 0) { channel in
  channel.eventLoop.makeCompletedFuture {
    try NIOAsyncChannel<ByteBuffer, Never>(wrappingChannelSynchronously: channel)
  }
}
let output = try await NIOPipeBootstrap(group: group).takingOwnershipOfDescriptor(output: 1) { channel in
  channel.eventLoop.makeCompletedFuture {
    try NIOAsyncChannel<Never, ByteBuffer>(wrappingChannelSynchronously: channel)
  }
}

try await server.executeThenClose { fromServer, toServer in
  try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask {
      try await input.executeThenClose { fromInput in
        for try await bytes in fromInput { try await toServer.write(bytes) }
        toServer.finish()
      }
    }
    try await output.executeThenClose { _, toOutput in
      for try await bytes in fromServer { try await toOutput.write(bytes) }
      // `executeThenClose` closes without waiting for a slow reader. An empty write completes after all before it.
      try await output.channel.writeAndFlush(ByteBuffer()).get()
    }
    tasks.cancelAll()
  }
}
