// swift-tools-version: 6.2
// Guide: manifest
import PackageDescription

let package = Package(
  name: "first-connection",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .executableTarget(
      name: "first-connection",
      dependencies: [
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
      ])
  ]
)
// Guide: end
