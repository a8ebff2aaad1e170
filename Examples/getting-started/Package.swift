// swift-tools-version: 6.2
import PackageDescription

// The code of the pages GettingStarted, TrustAndIdentity and Revocation with tests, and the program that draws the
// README's picture.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .strictMemorySafety(), .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "getting-started",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .target(
      name: "GettingStarted",
      dependencies: [
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "draw-ladder",
      dependencies: [
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTrace", package: "swift-sans-io-tls"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "GettingStartedTests",
      dependencies: [
        "GettingStarted",
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
      ],
      swiftSettings: settings),
  ]
)
