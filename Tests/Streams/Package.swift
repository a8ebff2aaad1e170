// swift-tools-version: 6.2
import PackageDescription

// Many asynchronous streams in one process; also for the thread sanitizer.
let package = Package(
  name: "streams",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .target(name: "CHeap"),
    .executableTarget(
      name: "Streams",
      dependencies: [
        "CHeap",
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .strictMemorySafety(), .enableUpcomingFeature("ExistentialAny")]),
  ]
)
