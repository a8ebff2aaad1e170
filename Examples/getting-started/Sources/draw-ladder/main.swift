import Foundation
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTrace

// Draws the README's picture: a handshake, data in each direction and the end, from a seed.
//
//   swift run --package-path Examples/getting-started draw-ladder Sources/SansIOTLS/SansIOTLS.docc/Resources
guard CommandLine.arguments.count == 2 else { fatalError("usage: draw-ladder FOLDER") }
let folder = URL(fileURLWithPath: CommandLine.arguments[1])

let world = SeededWorld(seed: 10)
let authority = world.authority()
var server = try TLSContext.Configuration.server(authority.issue(names: ["shout.example"]).identity)
server.applicationProtocols = ["shout/1"]
var client = TLSContext.Configuration.client()
client.trustRoots = [authority.trust]
client.applicationProtocols = ["shout/1"]
var pair = try EnginePair(
  client: world.context(client), server: world.context(server), serverName: .dns("shout.example"), in: world,
  title: "A connection of TLS 1.3, drawn by the library")
try pair.handshake()
_ = try pair.transfer(Array("hello\n".utf8), from: .client)
_ = try pair.transfer(Array("HELLO\n".utf8), from: .server)
try pair.shutdown()

let ladder = pair.log.ladder
try Data(ladder.svg(.light).utf8).write(to: folder.appendingPathComponent("ladder.svg"))
try Data(ladder.svg(.dark).utf8).write(to: folder.appendingPathComponent("ladder~dark.svg"))
