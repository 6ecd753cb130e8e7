internal import Engine
internal import Glibc

/// The files of a stream that keeps one for each of its runs: `users.000001.jsonl`, `users.000002.jsonl`.
enum RunFiles {
    private static let digits = 6

    /// That of the run that is under way, or a new one.
    static func path(
        stem: String, in directory: String, _ compression: Compression, underWay entry: StateFile.Entry?
    ) throws(Failure) -> String {
        let start = try LineFile.absolute("\(directory)/\(stem)")
        let ending = ".jsonl" + compression.suffix
        if let entry, entry.phase != .done, entry.file.hasPrefix(start + "."), entry.file.hasSuffix(ending) {
            return entry.file
        }
        let number = String(try last(stem: stem, in: directory) + 1)
        return "\(directory)/\(stem)." + String(repeating: "0", count: max(0, digits - number.count)) + number
            + ending
    }

    /// The highest number that is taken, be it by a file that never was done; 0 for none.
    private static func last(stem: String, in directory: String) throws(Failure) -> Int {
        guard let listing = opendir(directory) else { throw LineFile.failure("can't be listed", directory) }
        defer { closedir(listing) }
        var last = 0
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { start in
                start.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: start.pointee)) {
                    String(cString: $0)
                }
            }
            guard name.hasPrefix(stem + ".") else { continue }
            let parts = name.dropFirst(stem.count + 1).split(separator: ".", omittingEmptySubsequences: false)
            guard let first = parts.first, parts.count >= 2, parts[1] == "jsonl", first.utf8.count >= digits,
                first.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = Int(first), number < .max
            else { continue }
            last = max(last, number)
        }
        return last
    }
}
