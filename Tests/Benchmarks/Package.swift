// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .systemLibrary(name: "CLibSSL", pkgConfig: "openssl"),
    .target(name: "CReference", dependencies: ["CLibSSL"]),
    .target(name: "CCounters", dependencies: ["CLibSSL"]),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "CReference",
        "CCounters",
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTransports", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
      ],
      swiftSettings: settings,
      // Valgrind does not support the compiler's DWARF 5. Without debug information it still finds the functions'
      // names.
      linkerSettings: [.unsafeFlags(["-Xlinker", "-S"])]),
  ]
)
