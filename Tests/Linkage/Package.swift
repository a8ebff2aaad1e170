// swift-tools-version: 6.2
import PackageDescription

// A program that links only the core: `check` examines the imports of its objects and the libraries that it loads.
let package = Package(
  name: "Linkage",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .executableTarget(
      name: "CoreOnly", dependencies: [.product(name: "SansIOTLS", package: "swift-sans-io-tls")],
      swiftSettings: [.swiftLanguageMode(.v6)])
  ]
)
