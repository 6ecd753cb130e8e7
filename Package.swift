// swift-tools-version: 6.2
import PackageDescription

// The rooms and their arrows are drawn in ARCHITECTURE.md. Engine imports nothing; IO has every effect;
// ABI exports the C functions; penstock only links.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "penstock",
    products: [
        .library(name: "penstock", type: .dynamic, targets: ["penstock"])
    ],
    targets: [
        // The C doors: a module map and a small shim header each.
        .systemLibrary(name: "CPenstock", path: "include"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        .systemLibrary(name: "CXXHash"),
        .systemLibrary(name: "CLinux"),

        .target(name: "Engine", swiftSettings: strict),
        .target(name: "IO", dependencies: ["Engine", "CCurl", "CJansson", "CXXHash", "CLinux"], swiftSettings: strict),
        .target(name: "ABI", dependencies: ["IO", "Engine", "CPenstock"], swiftSettings: strict),

        // The link unit. These flags live on a leaf that no test depends on: -no-undefined and a version script
        // break `swift test` and the sanitizers.
        .target(
            name: "penstock", dependencies: ["ABI"], exclude: ["exports.map"],
            linkerSettings: [
                .unsafeFlags(
                    [
                        "-static-stdlib",
                        "-Xlinker", "--version-script=\(Context.packageDirectory)/Sources/penstock/exports.map",
                        "-Xlinker", "-soname=libpenstock.so.0",
                        "-Xlinker", "--gc-sections",
                        "-Xlinker", "--as-needed",
                        "-Xlinker", "-z", "-Xlinker", "nodelete",
                        "-Xlinker", "--no-undefined",
                    ], .when(platforms: [.linux], configuration: .release))
            ]),

        // Prints the scanner's speed beside jansson's: swift run -c release ScannerBench
        .executableTarget(
            name: "ScannerBench", dependencies: ["Engine", "CJansson"], path: "Tests/bench/ScannerBench",
            swiftSettings: strict),

        // The virtual clock and the simulated world of the tests. In no product.
        .target(name: "EngineTestKit", dependencies: ["Engine"], path: "Tests/EngineTestKit", swiftSettings: strict),
        .testTarget(name: "EngineTests", dependencies: ["Engine", "EngineTestKit"], swiftSettings: strict),
        .testTarget(
            name: "IOTests", dependencies: ["IO", "Engine", "CCurl", "CJansson"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
