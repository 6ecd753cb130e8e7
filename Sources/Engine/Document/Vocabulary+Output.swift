/// Where a job's records go, and when they are there for sure.
extension Vocabulary {
    static let commitEvery: Key = .init(
        "commit_every", .duration(.zero ... .seconds(3600)),
        "How long pages that are written may wait for their commit, which brings them and the checkpoint behind them to "
            + "the disk, of all streams at once; \"0s\": each page for itself. 8 MiB that wait don't wait longer.",
        default: .string("100ms"), examples: [.string("1s"), .string("0s")])
}
