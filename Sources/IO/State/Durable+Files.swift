internal import CLinux
internal import Engine
internal import Glibc

/// From file to file, so that a process may die at any place: what the state says is done again, and is the same.
extension Durable {
    /// Files of the run under way that were closed, in their order.
    static func closed(
        of name: String, _ files: RunFiles, _ state: any StateStore
    ) throws(Failure) -> [StateFile.Entry] {
        try state.kept(of: name).filter { $0.phase == .closed }
            .sorted { files.number(of: $0.file) ?? 0 < files.number(of: $1.file) ?? 0 }
    }

    static func path(
        ofNewRun name: String, after entry: StateFile.Entry?, _ files: RunFiles, _ state: any StateStore
    ) throws(Failure) -> String {
        guard files.isNumbered else { return files.whole }
        return try files.next(above: try state.kept(of: name).map(\.file) + (entry.map { [$0.file] } ?? []))
    }

    /// A run begins a file. Those of the run before stay known, or go with the end of this one.
    static func begin(
        _ next: StateFile.Entry, after last: StateFile.Entry?, _ files: RunFiles, _ state: any StateStore,
        isReplacing: Bool
    ) throws(Failure) {
        // One that is replaced by its name is none of them.
        let leaves = last.map { $0.file != next.file && files.number(of: $0.file) != nil } ?? false
        let phase = isReplacing && files.isNumbered ? StateFile.Entry.Phase.replaced : .done
        let closed = try Self.closed(of: next.name, files, state).map { one in
            var changed = one
            changed.phase = phase
            return changed
        }
        try state.begin(next, leaving: leaves ? last?.kept(phase) : nil, closed)
    }

    /// A file whose last commit says that more follow.
    static func next(
        after closing: StateFile.Entry, _ files: RunFiles, _ state: any StateStore
    ) throws(Failure) -> StateFile.Entry {
        try name(closing)
        try LineFile.syncDirectory(of: closing.file)
        var next = closing
        next.phase = .running
        next.file = try files.next(above: [closing.file])
        (next.bytes, next.records) = (0, 0)
        try state.begin(next, leaving: closing.kept(.closed), [])
        return next
    }

    /// A file that is whole gets its name, if it hasn't.
    private static func name(_ entry: StateFile.Entry) throws(Failure) {
        let part = entry.file + ".part"
        var status = stat()
        if stat(part, &status) == 0 {
            guard Int64(status.st_size) == entry.bytes else {
                throw Failure(.storage, "the file \"\(part)\" does not have the \(entry.bytes) bytes that were written")
            }
            if rename(part, entry.file) != 0 { throw LineFile.failure("can't be renamed", part) }
        } else if stat(entry.file, &status) != 0 {
            throw LineFile.failure("is missing, though the state says that it was written", entry.file)
        }
    }

    static func finish(_ entry: StateFile.Entry, _ files: RunFiles, _ state: any StateStore) throws(Failure) {
        try name(entry)
        try LineFile.syncDirectory(of: entry.file)
        var done = entry
        done.phase = .done
        guard files.isNumbered else { return try state.commit([(done, nil)]) }
        let replaced = try state.kept(of: entry.name).filter { $0.phase == .replaced }
        // The state may know files of another directory, where an earlier run wrote: those stay, and it forgets them.
        let here = replaced.map(\.file).filter { files.number(of: $0) != nil }
        for file in here where unlink(file) != 0 && errno != ENOENT {
            throw LineFile.failure("can't be removed, though another run has replaced it", file)
        }
        if !here.isEmpty { try LineFile.syncDirectory(of: entry.file) }
        try state.commit(done, forgetting: replaced.map(\.name))
    }
}
