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
        kept.name = name + "/" + RunFiles.lastName(of: file)
        kept.phase = phase
        kept.checkpoint = nil
        return kept
    }
}

extension StateFile.Piece {
    /// One text for both, where a store has a place for one.
    var hashes: String { sha256 + (recordsSHA256.map { " " + $0 } ?? "") }

    init(number: Int64, start: Int64, end: Int64, records: Int64, hashes: String) {
        let parts = hashes.split(separator: " ").map(String.init)
        self.init(
            number: number, start: start, end: end, records: records, sha256: parts.first ?? "",
            recordsSHA256: parts.count > 1 ? parts[1] : nil)
    }
}

extension StateStore {
    package func kept(of stream: String) throws(Failure) -> [StateFile.Entry] {
        try entries().filter { $0.isKept && $0.stream == stream }
    }

    /// A stream begins: nothing of the run before is left, but its history.
    package func begin(_ entry: StateFile.Entry) throws(Failure) { try begin(entry, leaving: nil, []) }
}

extension StateFile {
    package func begin(_ entry: Entry, leaving kept: Entry?, _ changed: [Entry]) throws(Failure) {
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

extension KeyedState {
    package func begin(
        _ entry: StateFile.Entry, leaving kept: StateFile.Entry?, _ changed: [StateFile.Entry]
    ) throws(Failure) {
        var list: [KeyedChange] = [.clear(collection: "pieces/" + entry.name)]
        if let kept {
            list.append(.clear(collection: "pieces/" + kept.name))
            for piece in try pieces(of: entry.name) { list.append(put(piece, of: kept.name)) }
        }
        list += ([entry] + (kept.map { [$0] } ?? []) + changed).map { put($0) }
        try write(list, of: [entry.stream])
    }

    package func commit(_ entry: StateFile.Entry, forgetting names: [String]) throws(Failure) {
        let gone = names.flatMap { name -> [KeyedChange] in
            [.clear(collection: "pieces/" + name), .delete(collection: "streams", key: name)]
        }
        try write([put(entry)] + gone, of: [entry.stream])
    }

    private func put(_ entry: StateFile.Entry) -> KeyedChange {
        .put(collection: "streams", key: entry.name, value: StateDocuments.text(entry, at: Self.now().text))
    }

    private func put(_ piece: StateFile.Piece, of name: String) -> KeyedChange {
        .put(collection: "pieces/" + name, key: StateDocuments.key(piece.number), value: StateDocuments.text(piece))
    }
}
