// swift-tools-version: 6.2
import PackageDescription

// Conversations for valgrind, which sees the memory of libssl too. It cannot run the tests: the main thread of Swift
// Testing ends in libdispatch.
let package = Package(
  name: "memcheck",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    // For a peer that does what the engine never would.
    .systemLibrary(name: "CLibssl", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .executableTarget(
      name: "Memcheck",
      dependencies: [
        "CLibssl",
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .strictMemorySafety()]),
  ]
)
