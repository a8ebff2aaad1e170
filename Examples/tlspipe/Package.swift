// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the library's manifest depends on no other package.

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
  name: "tlspipe",
  platforms: [.macOS(.v26)],
  dependencies: [
    .package(name: "swift-sans-io-tls", path: "../.."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    // Without Foundation, because the program's memory must stay small.
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
  ],
  targets: [
    .systemLibrary(
      name: "CLibcrypto",
      pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"]), .yum(["openssl-devel"])]),
    // C, because it runs before the Swift runtime does.
    .target(name: "CInheritance"),
    .executableTarget(
      name: "tlspipe",
      dependencies: [
        "CInheritance",
        "CLibcrypto",
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTrace", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "TlspipeTests",
      dependencies: [
        "tlspipe",
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      // Programs that the tests run by path.
      exclude: ["Peers"],
      swiftSettings: settings),
  ]
)
