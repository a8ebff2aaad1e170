// swift-tools-version: 6.2
import PackageDescription

// The NIO adapter and swift-nio-ssl in one program, in short alternating turns. Their ratio is the measure, because
// other load affects both.

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "peer-benchmarks",
  platforms: [.macOS(.v26)],
  dependencies: [
    .package(name: "swift-sans-io-tls", path: "../.."),
    .package(path: "../../Examples/nio-adapter"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
  ],
  targets: [
    .target(name: "CCounters"),
    .executableTarget(
      name: "PeerBenchmarks",
      dependencies: [
        "CCounters",
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSNIO", package: "nio-adapter"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: settings),
  ]
)
