/// How the files of a job are packed: what each commit adds is a member (gzip) or a frame (zstd) of its own, so that what is
/// committed is a whole file at any time.
public enum Compression: String, Sendable, CaseIterable {
    case none, gzip, zstd

    /// Of a file's name, behind `.jsonl`.
    public var suffix: String {
        switch self {
        case .none: ""
        case .gzip: ".gz"
        case .zstd: ".zst"
        }
    }
}

/// When a file is closed and the next one begun: whichever comes first.
public struct RotationPlan: Sendable, Equatable {
    /// Of the file, as it is on the disk.
    public var bytes: Int64?
    /// Since its first record.
    public var every: Timespan?

    init?(_ value: JSONValue?) {
        guard let value else { return nil }
        bytes = value["bytes"].flatMap { $0.int ?? $0.string.flatMap(ByteSizeText.parse) }
        every = value["every"]?.string.flatMap(DurationText.parse)
    }

    public func isDue(bytes now: Int64, age: Timespan) -> Bool {
        if let bytes, now >= bytes { return true }
        if let every, age >= every { return true }
        return false
    }
}
