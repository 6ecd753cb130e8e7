internal import CLinux
internal import Engine
internal import Glibc

/// A stream that is read incrementally goes on in the file of the runs before, behind their records.
extension Durable {
    /// The stream as a run that was whole left it, ready for the next one.
    ///
    /// The file takes its `.part` name again while records may be added to it. It may have it already, if that was all that an
    /// interrupted run came to; and whoever reads the files may have taken it away, which begins a new one.
    static func nextRun(
        of entry: StateFile.Entry, _ files: RunFiles, _ state: any StateStore
    ) throws(Failure) -> StateFile.Entry {
        let path = try Self.path(ofNewRun: entry.name, after: entry, files, state)
        var next = entry
        next.phase = .running
        let part = path + ".part"
        let (whole, begun) = (size(of: path), size(of: part))
        if entry.file == path, let size = whole ?? begun {
            guard size == entry.bytes || whole == nil && size > entry.bytes else {
                throw Failure(
                    .storage,
                    "the file \"\(path)\" has \(size) bytes, and the state says that \(entry.bytes) were written: restore it, "
                        + "take it away, or reset the stream \"\(entry.name)\" to begin anew")
            }
            if whole != nil {
                if rename(path, part) != 0 { throw LineFile.failure("can't be renamed", path) }
                try LineFile.syncDirectory(of: path)
            }
            try state.commit([(next, nil)])
            return next
        }
        (next.file, next.bytes, next.records, next.pages) = (path, 0, 0, 0)
        // What was read before is no less true for it.
        try begin(next, after: entry, files, state, isReplacing: false)
        return next
    }

    private static func size(of path: String) -> Int64? {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : nil
    }
}
