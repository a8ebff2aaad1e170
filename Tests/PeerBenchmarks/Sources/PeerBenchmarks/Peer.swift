import NIOCore
import NIOSSL
import SansIOTLS
import SansIOTLSNIO
import SansIOTLSTestKit

/// An implementation of TLS: the handlers that each end's pipeline begins with.
protocol Peer: Sendable {
  func client() throws -> [any ChannelHandler]
  func server() throws -> [any ChannelHandler]
}

/// NIO without TLS.
struct PlainPeer: Peer {
  func client() -> [any ChannelHandler] { [] }
  func server() -> [any ChannelHandler] { [] }
}

/// This repository's adapter, over the system's OpenSSL.
struct AdapterPeer: Peer {
  let clientContext: TLSContext
  let serverContext: TLSContext

  init(_ identity: TestIdentity) throws {
    var client = TLSContext.Configuration.client()
    client.trustRoots = [identity.trust]
    client.minimumVersion = .tls13
    // BoringSSL's preference on a processor with AES; libssl prefers the longer key.
    client.cipherSuites = [.TLS_AES_128_GCM_SHA256]
    clientContext = try TLSContext(client)
    serverContext = try TLSContext(.server(identity.identity))
  }

  func client() throws -> [any ChannelHandler] {
    [try TLSClientHandler(context: clientContext, serverName: .dns("localhost"))]
  }

  func server() throws -> [any ChannelHandler] { [try TLSServerHandler(context: serverContext)] }
}

/// swift-nio-ssl, over its own BoringSSL.
struct NIOSSLPeer: Peer {
  private let clientContext: NIOSSLContext
  private let serverContext: NIOSSLContext

  init(_ identity: TestIdentity) throws {
    var client = TLSConfiguration.makeClientConfiguration()
    client.trustRoots = .certificates([try NIOSSLCertificate(bytes: identity.authority.rootDER, format: .der)])
    client.minimumTLSVersion = .tlsv13
    clientContext = try NIOSSLContext(configuration: client)
    let chain = try identity.chainDER.map {
      NIOSSLCertificateSource.certificate(try NIOSSLCertificate(bytes: $0, format: .der))
    }
    let key = try NIOSSLPrivateKey(bytes: identity.privateKeyDER, format: .der)
    serverContext = try NIOSSLContext(
      configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
  }

  func client() throws -> [any ChannelHandler] {
    [try NIOSSLClientHandler(context: clientContext, serverHostname: "localhost")]
  }

  func server() -> [any ChannelHandler] { [NIOSSLServerHandler(context: serverContext)] }
}
