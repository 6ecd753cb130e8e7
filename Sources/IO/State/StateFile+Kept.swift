package import Engine

/// Files that are closed while their stream goes on to another one: they stay in the state, each under a name of its own,
/// `users/users.000001.jsonl`, so that they can be proved.
extension StateFile.Entry {
    /// The stream's name, for a file of it, too.
    package var stream: String { name.split(separator: "/").first.map(String.init) ?? name }
    package var isKept: Bool { name.utf8.contains(UInt8(ascii: "/")) }

    /// The entry of its file, now that the stream goes on to another one.
    func kept(_ phase: Phase) -> StateFile.Entry {
        var kept = self
        kept.name = name + "/" + (file.split(separator: "/").last.map(String.init) ?? file)
        kept.phase = phase
        kept.checkpoint = nil
        return kept
    }
}

extension StateFile {
    package func kept(of stream: String) throws(Failure) -> [Entry] {
        try entries().filter { $0.isKept && $0.stream == stream }
    }

    /// A stream goes on to another file.
    ///
    /// - Parameters:
    ///   - kept: The entry of the file that it leaves, which takes that one's commits along. Nil: nothing is left of them.
    ///   - changed: Entries of other files of it.
    package func begin(_ entry: Entry, leaving kept: Entry? = nil, _ changed: [Entry] = []) throws(Failure) {
        try use { database throws(Failure) in
            try database.transaction { () throws(Failure) in
                if let kept {
                    try database.run("DELETE FROM pieces WHERE stream = ?", [.text(kept.name)])
                    try database.run(
                        "UPDATE pieces SET stream = ? WHERE stream = ?", [.text(kept.name), .text(entry.name)])
                } else {
                    try database.run("DELETE FROM pieces WHERE stream = ?", [.text(entry.name)])
                }
                for one in [entry] + (kept.map { [$0] } ?? []) + changed { try Self.write(one, database) }
            }
        }
    }

    /// A stream is done, and files of it are gone.
    package func commit(_ entry: Entry, forgetting names: [String]) throws(Failure) {
        try use { database throws(Failure) in
            try database.transaction { () throws(Failure) in
                try Self.write(entry, database)
                for name in names {
                    try database.run("DELETE FROM pieces WHERE stream = ?", [.text(name)])
                    try database.run("DELETE FROM streams WHERE name = ?", [.text(name)])
                }
            }
        }
    }
}
