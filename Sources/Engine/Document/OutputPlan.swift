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
