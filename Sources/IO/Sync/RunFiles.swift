internal import CLinux
internal import Engine
internal import Glibc

/// What the files of a stream are called: `users.jsonl`, or one number after the other where each run has a file of its own
/// or many: `users.000001.jsonl`, `users.000002.jsonl`.
struct RunFiles {
    let stem: String
    /// Absolute.
    private let directory: String
    let compression: Compression
    let isNumbered: Bool
    /// A new run replaces the one before.
    let replaces: Bool
    /// Each commit has a hash of its records, too.
    let hashesRecords: Bool
    private static let digits = 6

    init(stem: String, of job: JobPlan) throws(Failure) {
        self.stem = stem
        directory = String(try LineFile.absolute("\(job.directory)/.").dropLast(2))
        compression = job.compression
        isNumbered = job.rotation != nil || job.keepsRuns
        replaces = !job.keepsRuns
        hashesRecords = job.hashesRecords
    }

    private var ending: String { ".jsonl" + compression.suffix }

    /// Where there is only one.
    var whole: String { "\(directory)/\(stem)\(ending)" }

    /// One with a higher number than all that are known or there, be it by a file that never was done.
    func next(above known: [String] = []) throws(Failure) -> String {
        let last = known.compactMap { number(of: $0) }.max() ?? 0
        let digits = String(max(last, try lastThere()) + 1)
        return "\(directory)/\(stem)." + String(repeating: "0", count: max(0, Self.digits - digits.utf8.count)) + digits
            + ending
    }

    /// Nil for a file that is none of these, packed in whatever way.
    func number(of path: String) -> Int? {
        guard path.hasPrefix(directory + "/") else { return nil }
        return number(ofName: path.dropFirst(directory.utf8.count + 1))
    }

    func isPackedSo(_ path: String) -> Bool { path.hasSuffix(ending) }

    private func number(ofName name: some StringProtocol) -> Int? {
        guard name.hasPrefix(stem + ".") else { return nil }
        let parts = name.dropFirst(stem.count + 1).split(separator: ".", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count >= 2, parts[1] == "jsonl", first.utf8.count >= Self.digits,
            first.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int(first), number < .max
        else { return nil }
        return number
    }

    /// 0 for none.
    private func lastThere() throws(Failure) -> Int {
        guard let listing = opendir(directory) else { throw LineFile.failure("can't be listed", directory) }
        defer { closedir(listing) }
        var last = 0
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { start in
                start.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: start.pointee)) {
                    String(cString: $0)
                }
            }
            last = max(last, number(ofName: name) ?? 0)
        }
        return last
    }

    static func lastName(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Like `mkdir -p`: one level after the other.
    static func makeDirectory(_ path: String) throws(Failure) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            if mkdir(made, 0o755) != 0 && errno != EEXIST {
                throw LineFile.failure("is a directory that can't be made", made)
            }
        }
        var status = stat()
        if stat(path, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR {
            throw Failure(.storage, "the output \"\(path)\" is not a directory")
        }
    }
}
