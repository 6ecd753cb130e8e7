import Glibc

/// The public test vectors that the checkout may have beside it.
enum Vectors {
    /// `PENSTOCK_VECTORS`, else `../shared/vectors` seen from the package.
    static let directory: String = {
        if let set = getenv("PENSTOCK_VECTORS") { return String(cString: set) }
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(4)  // Tests/IOTests/JSON/Vectors.swift
        return parts.joined(separator: "/") + "/../shared/vectors"
    }()

    static let jsonSuite = "\(directory)/JSONTestSuite"
    static var hasJSONSuite: Bool { access("\(jsonSuite)/test_parsing", R_OK) == 0 }

    /// Names of the files in `directory`, sorted.
    static func files(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".json") { names.append(name) }
        }
        return names.sorted()
    }

    static func bytes(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}
