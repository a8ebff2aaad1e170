// swift-tools-version: 6.2
import PackageDescription

// A private key in a process of its own, which signs for a TLS server in another.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .strictMemorySafety(), .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "key-agent",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .systemLibrary(
      name: "CLibcrypto",
      pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"]), .yum(["openssl-devel"])]),
    .target(
      name: "AgentProtocol", dependencies: [.product(name: "SansIOTLS", package: "swift-sans-io-tls")],
      swiftSettings: settings),
    .executableTarget(name: "key-agent", dependencies: ["AgentProtocol", "CLibcrypto"], swiftSettings: settings),
    .executableTarget(
      name: "signed-server",
      dependencies: ["AgentProtocol", .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls")],
      swiftSettings: settings),
  ]
)
