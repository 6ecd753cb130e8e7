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

    static let outputCanonicalHash: Key = .init(
        "canonical_hash", .flag,
        "With a state: each commit has, besides the SHA-256 of its bytes, one of its records that neither their order changes, nor "
            + "that of their members, nor the space between tokens. It is the SHA-256 over the sorted SHA-256s (32 bytes each) of "
            + "the records' texts with members by name and no space. \"penstock verify\" tells by it whether the records of a "
            + "changed file are the same.",
        default: .bool(false))

    static let outputRotate: Key = .init(
        "rotate",
        .object(
            ObjectShape(
                title: "Rotation",
                description: "When a file is closed and the next one begun, by whichever comes first.",
                keys: [
                    Key(
                        "bytes", .size(1...(1 << 50)),
                        "The file is closed with the page by which it has so many bytes on the disk.",
                        examples: [.string("64MB")]),
                    Key(
                        "every", .duration(.milliseconds(1) ... .seconds(366 * 86_400)),
                        "The file is closed when its first record is so old and another page comes; after an interruption the "
                            + "time begins anew.", examples: [.string("1h")]),
                ], needsOneOf: ["bytes", "every"])),
        "Files of some size or age instead of one for a run: \"users.000001.jsonl\" and so on. Each of them is committed, on the "
            + "disk and never touched again when it has lost its \".part\"; a page is in one file as a whole. Numbers go on from run "
            + "to run; with \"runs\": \"replace\" the files of the run before are removed when the new run is done, and a state is "
            + "needed to know them by.",
        examples: [.object([member("bytes", "64MB"), member("every", "1h")])])
}
