// swift-tools-version: 6.2
import PackageDescription

// TLS for swift-nio: channel handlers over the engine. A package of its own, so that the library's manifest depends on
// no other package.

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "nio-adapter",
  platforms: [.macOS(.v26)],
  products: [.library(name: "SansIOTLSNIO", targets: ["SansIOTLSNIO"])],
  dependencies: [
    .package(name: "swift-sans-io-tls", path: "../.."),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
  ],
  targets: [
    .target(
      name: "SansIOTLSNIO",
      dependencies: [
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        // For its cache of sessions.
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "h2server",
      dependencies: [
        "SansIOTLSNIO",
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "tlsclient",
      dependencies: [
        "SansIOTLSNIO",
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SansIOTLSNIOTests",
      dependencies: [
        "SansIOTLSNIO",
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
      ],
      swiftSettings: settings),
  ]
)
