import MailDialogue
import SansIOTLS

// mailclient CA.pem PORT: sends a message to a server on localhost whose certificate the authority issued.
guard CommandLine.arguments.count == 3, let port = UInt16(CommandLine.arguments[2]) else {
  fatalError("usage: mailclient CA.pem PORT")
}
var configuration = TLSContext.Configuration.client()
configuration.trustRoots = [.file(CommandLine.arguments[1])]
let client = MailClient(context: try TLSContext(configuration), serverName: .dns("localhost"))
let message = MailMessage(
  sender: "alice@localhost", recipients: ["bob@localhost"],
  lines: ["Subject: upgraded", "", "Through TLS.", ".A line with a dot in front."])
let negotiated = try await client.send(message, over: Loopback.connect(port: port))
print("sent, \(negotiated.version) \(negotiated.cipherSuite)")
