// swift-tools-version: 6.2
import PackageDescription

// A mail dialogue that starts in plaintext and upgrades to TLS (RFC 3207), and a variant that returns to plaintext.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .strictMemorySafety(), .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "starttls",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .target(
      name: "MailDialogue",
      dependencies: [
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
      ],
      swiftSettings: settings),
    .executableTarget(name: "mailserver", dependencies: ["MailDialogue"], swiftSettings: settings),
    .executableTarget(name: "mailclient", dependencies: ["MailDialogue"], swiftSettings: settings),
    .testTarget(
      name: "MailDialogueTests",
      dependencies: ["MailDialogue", .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls")],
      swiftSettings: settings),
  ]
)
