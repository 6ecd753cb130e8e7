/// Where a job's records go, and when they are there for sure.
extension Vocabulary {
    static let commitEvery: Key = .init(
        "commit_every", .duration(.zero ... .seconds(3600)),
        "How long pages that are written may wait for their commit, which brings them and the checkpoint behind them to "
            + "the disk, of all streams at once; \"0s\": each page for itself. 8 MiB that wait don't wait longer. With \"compress\" the default is \"1s\": each commit begins anew to look for what repeats, so "
            + "many small ones pack badly.",
        default: .string("100ms"), examples: [.string("1s"), .string("0s")])

    static let batchRecords: Key = .init(
        "batch_records", .integer(1...1_000_000),
        "With a batch function: how many records it is given at once, at most. They wait for each other up to a second.",
        default: .int(1000))

    static let outputRuns: Key = .init(
        "runs", .text(.one(of: ["replace", "keep"])),
        "A stream that is done and is run again: its new file replaces the one before, or each run has a file of its own, "
            + "\"users.000001.jsonl\" and so on.",
        default: .string("replace"))

    static let outputCompress: Key = .init(
        "compress", .text(.one(of: Compression.allCases.map(\.rawValue))),
        "\"gzip\": \"users.jsonl.gz\"; \"zstd\": \"users.jsonl.zst\", for which the system's libzstd is loaded. Each commit ends a "
            + "member or frame: what is committed of a file can be unpacked by itself, and all of it gives the lines as they "
            + "would be without.",
        default: .string(Compression.none.rawValue))
}
