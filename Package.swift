// swift-tools-version: 6.2
import PackageDescription

// The root package depends on libssl and on nothing else. Whatever needs a Swift package is a
// nested package with a manifest of its own under Tests/ or Examples/.

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "swift-sans-io-tls",
  products: [
    .library(name: "SansIOTLS", targets: ["SansIOTLS"]),
    .library(name: "SansIOTLSTransports", targets: ["SansIOTLSTransports"]),
    .library(name: "SansIOTLSTrace", targets: ["SansIOTLSTrace"]),
    .library(name: "SansIOTLSTestKit", targets: ["SansIOTLSTestKit"]),
    .library(name: "SansIOTLSSwiftTesting", targets: ["SansIOTLSSwiftTesting"]),
    .library(name: "SansIOTLSXCTest", targets: ["SansIOTLSXCTest"]),
  ],
  targets: [
    .systemLibrary(
      name: "CSansIOTLSOpenSSL",
      pkgConfig: "openssl",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"]), .yum(["openssl-devel"])]),
    .target(name: "CSansIOTLSShims", dependencies: ["CSansIOTLSOpenSSL"]),
    .target(
      name: "SansIOTLS",
      dependencies: ["CSansIOTLSOpenSSL", "CSansIOTLSShims"],
      swiftSettings: settings),
    .target(name: "CSansIOTLSDescriptors"),
    .target(
      name: "SansIOTLSTransports",
      dependencies: ["SansIOTLS", "CSansIOTLSDescriptors"],
      swiftSettings: settings),
    .target(
      name: "SansIOTLSTrace",
      dependencies: ["SansIOTLS"],
      swiftSettings: settings),
    .target(name: "CSansIOTLSSeededRandom", dependencies: ["CSansIOTLSOpenSSL"]),
    .target(
      name: "SansIOTLSTestKit",
      dependencies: [
        "SansIOTLS", "SansIOTLSTransports", "SansIOTLSTrace", "CSansIOTLSOpenSSL", "CSansIOTLSShims",
        "CSansIOTLSSeededRandom",
      ],
      swiftSettings: settings),
    .target(
      name: "SansIOTLSSwiftTesting",
      dependencies: ["SansIOTLSTrace", "SansIOTLSTestKit"],
      swiftSettings: settings),
    .target(
      name: "SansIOTLSXCTest",
      dependencies: ["SansIOTLSTestKit"],
      swiftSettings: settings),
    .testTarget(
      name: "SansIOTLSTests",
      dependencies: ["SansIOTLS", "SansIOTLSTestKit", "CSansIOTLSOpenSSL", "CSansIOTLSShims"],
      swiftSettings: settings),
    .testTarget(
      name: "SansIOTLSTransportsTests",
      dependencies: ["SansIOTLSTransports", "SansIOTLSTestKit"],
      swiftSettings: settings),
    .testTarget(
      name: "SansIOTLSTraceTests",
      dependencies: ["SansIOTLSTrace", "SansIOTLSTestKit"],
      swiftSettings: settings),
    .testTarget(
      name: "SansIOTLSTestKitTests",
      dependencies: ["SansIOTLSTestKit", "SansIOTLSSwiftTesting", "SansIOTLSXCTest"],
      swiftSettings: settings),
    .testTarget(
      name: "SimulationTests",
      dependencies: ["SansIOTLS", "SansIOTLSTestKit", "CSansIOTLSOpenSSL"],
      swiftSettings: settings),
    .testTarget(name: "TidyTests", swiftSettings: settings),
  ]
)
