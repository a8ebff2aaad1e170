// swift-tools-version: 6.2
import PackageDescription

// Many asynchronous streams in one process, and signers that threads share; also for the thread sanitizer.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .strictMemorySafety(), .enableUpcomingFeature("ExistentialAny"),
]

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
      swiftSettings: settings),
    .executableTarget(
      name: "Signers",
      dependencies: [
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
      ],
      swiftSettings: settings),
  ]
)
