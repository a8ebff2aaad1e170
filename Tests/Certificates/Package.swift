// swift-tools-version: 6.2
import PackageDescription

// Prints the contents of certificates for the comparison with other readers.
let package = Package(
  name: "certificates",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .executableTarget(
      name: "PrintCertificates",
      dependencies: [
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .strictMemorySafety(), .enableUpcomingFeature("ExistentialAny")])
  ]
)
