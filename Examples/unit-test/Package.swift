// swift-tools-version: 6.2
import PackageDescription

// An example to copy: a client that pins its server's certificate, tested against good and bad servers without a
// network.
let package = Package(
  name: "unit-test",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .target(
      name: "PinnedClient",
      dependencies: [.product(name: "SansIOTLS", package: "swift-sans-io-tls")],
      swiftSettings: [.swiftLanguageMode(.v6), .strictMemorySafety()]),
    // Guide: manifest
    .testTarget(
      name: "PinnedClientTests",
      dependencies: [
        "PinnedClient",
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSSwiftTesting", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSXCTest", package: "swift-sans-io-tls"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .strictMemorySafety()]),
    // Guide: end
  ]
)
