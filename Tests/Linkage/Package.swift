// swift-tools-version: 6.2
import PackageDescription

// A program that links nothing but the core: `check` reads what its objects import and what its binary loads.
let package = Package(
  name: "Linkage",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .executableTarget(
      name: "CoreOnly", dependencies: [.product(name: "SansIOTLS", package: "swift-sans-io-tls")],
      swiftSettings: [.swiftLanguageMode(.v6)])
  ]
)
