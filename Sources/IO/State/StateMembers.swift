internal import Engine

/// What a state says of a stream and of a run, as members of JSON objects: of documents, and of what is exported.
extension StateFile.Entry {
    /// A member that is not what it has to be.
    struct WrongMember: Error { let name: String }

    init(_ name: String, _ object: JSONValue) throws(WrongMember) {
        func count(_ name: String) throws(WrongMember) -> Int64 {
            guard let number = object[name]?.int, StateFile.possible.contains(number) else {
                throw WrongMember(name: name)
            }
            return number
        }
        guard let phase = object["phase"]?.string.flatMap(Phase.init) else { throw WrongMember(name: "phase") }
        guard let file = object["file"]?.string, file.utf8.first == UInt8(ascii: "/") else {
            throw WrongMember(name: "file")
        }
        self.init(
            name: name, phase: phase, file: file, checkpoint: object["checkpoint"]?.string, bytes: try count("bytes"),
            records: try count("records"), pages: try count("pages"), commits: try count("commits"),
            updatedAt: object["updated_at"]?.string ?? "")
    }

    func write(to object: inout JSONWriter) {
        object.member("phase", phase.rawValue)
        object.member("file", file)
        object.member("checkpoint", checkpoint)
        object.member("bytes", bytes)
        object.member("records", records)
        object.member("pages", pages)
        object.member("commits", commits)
        object.member("updated_at", updatedAt)
    }

    var isPossible: Bool { [bytes, records, pages, commits].allSatisfy(StateFile.possible.contains) }
}

extension StateFile {
    /// What can be counted of a file. Whoever can write to a state can write anything: with these sums of many stay numbers.
    static let possible: ClosedRange<Int64> = 0...(1 << 50)
}

extension StateFile.Piece {
    var isPossible: Bool {
        start <= end && [number, start, end, records].allSatisfy(StateFile.possible.contains)
    }
}

extension StateFile.Run {
    func write(to object: inout JSONWriter) {
        object.member("stream", stream)
        object.member("started_at", startedAt)
        object.member("ended_at", endedAt)
        object.member("result", result)
        object.member("records", records)
        object.member("pages", pages)
        object.member("message", message)
    }
}
