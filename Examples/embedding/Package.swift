// swift-tools-version: 6.2
import PackageDescription

// The README's embedding loop, compiled and run: a request to a server that is another engine in the same process.
let package = Package(
  name: "embedding",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .executableTarget(
      name: "embedding",
      dependencies: [
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .strictMemorySafety()])
  ]
)
