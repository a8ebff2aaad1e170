// swift-tools-version: 6.2
import PackageDescription

// Custom transports: a serial line, short frames, and TLS inside TLS.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .strictMemorySafety(), .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "custom-transport",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .target(
      name: "CustomTransports",
      dependencies: [
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
      ],
      swiftSettings: settings),
    .executableTarget(name: "tls-in-tls", dependencies: ["CustomTransports"], swiftSettings: settings),
    .testTarget(
      name: "CustomTransportsTests",
      dependencies: ["CustomTransports", .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls")],
      swiftSettings: settings),
  ]
)
