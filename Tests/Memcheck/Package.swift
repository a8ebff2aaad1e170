// swift-tools-version: 6.2
import PackageDescription

// Conversations for valgrind, which sees the memory of libssl too. It cannot run the tests: the main thread of Swift
// Testing ends in libdispatch.
let package = Package(
  name: "memcheck",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .executableTarget(
      name: "Memcheck",
      dependencies: [
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .strictMemorySafety()])
  ]
)
