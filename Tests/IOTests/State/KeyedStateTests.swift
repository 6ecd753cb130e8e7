import Engine
import Foundation
import Testing

@testable import IO

/// What all stores share, over one that is a dictionary of this program's.
@Suite struct KeyedStateTests {
    /// As a host would write one; and leases that can be taken away.
    private final class Shelf: @unchecked Sendable {
        let lock = NSLock()
        var documents: [String: [String: String]] = [:]
        var leases: [String: String] = [:]
        var commits: [[HostStoreChange]] = []

        var functions: HostStoreFunctions {
            HostStoreFunctions(
                get: { [self] collection, keys, reply in
                    lock.withLock {
                        for key in keys { if let value = documents[collection]?[key] { give(key, value, reply) } }
                    }
                },
                scan: { [self] collection, reply in
                    lock.withLock { for (key, value) in documents[collection] ?? [:] { give(key, value, reply) } }
                },
                commit: { [self] changes, names, holder, _, reply in
                    lock.withLock {
                        if let lost = names.first(where: { leases[$0] != holder }) { return reply.refuse(lost) }
                        commits.append(changes)
                        for change in changes {
                            switch change.kind {
                            case .put: documents[change.collection, default: [:]][change.key] = change.value
                            case .delete: documents[change.collection]?[change.key] = nil
                            case .clear: documents[change.collection] = nil
                            }
                        }
                    }
                },
                acquire: { [self] lease, holder, _, reply in
                    lock.withLock {
                        if let other = leases[lease], other != holder { return reply.refuse(other) }
                        leases[lease] = holder
                    }
                },
                release: { [self] lease, holder, _ in
                    lock.withLock { if leases[lease] == holder { leases[lease] = nil } }
                })
        }

        private func give(_ key: String, _ value: String, _ reply: HostStoreReply) {
            Array(value.utf8).withUnsafeBytes { reply.add(key, $0) }
        }
    }

    private let shelf = Shelf()
    private func open() throws -> KeyedState { try KeyedState(HostStore("shelf", shelf.functions)) }

    private let entry = StateFile.Entry(
        name: "a/b \u{1F600}", file: "/out/a.jsonl", checkpoint: "p1.{\"x\":\"\\\"\"}", bytes: 10, records: 2, pages: 1,
        commits: 1)
    private let piece = StateFile.Piece(number: 1, start: 0, end: 10, records: 2, sha256: "ab")

    @Test func whatIsWrittenIsThereForTheNext() throws {
        do {
            let state = try open()
            try state.lease(entry.name)
            try state.begin(StateFile.Entry(name: entry.name, file: entry.file), leaving: nil, [])
            let key = Fingerprint(low: 1, high: .max)
            try state.commit(
                [(entry, piece)], seen: [(stream: entry.name, records: [key: Fingerprint(low: 3, high: 0)])])
            let run = try state.beginRun(entry.name)
            try state.endRun(run, result: "done", records: 2, pages: 1, message: nil)
        }
        #expect(shelf.leases.isEmpty)
        let state = try open()
        var known = try #require(try state.entry(entry.name))
        #expect(known.updatedAt.hasSuffix("Z") && known.updatedAt.utf8.count == 20)
        known.updatedAt = ""
        #expect(known == entry)
        #expect(try state.pieces(of: entry.name) == [piece])
        let seen = try state.contents(
            of: [Fingerprint(low: 1, high: .max), Fingerprint(low: 2, high: 0)], in: entry.name)
        #expect(seen == [Fingerprint(low: 1, high: .max): Fingerprint(low: 3, high: 0)])
        let runs = try state.runs(atMost: 10)
        #expect(runs.map(\.result) == ["done"] && runs.map(\.records) == [2])
        #expect(try state.fingerprintKey() == open().fingerprintKey())
        #expect(try state.tokenSalt() == open().tokenSalt())
        try state.reset(nil)
        #expect(try state.entries().isEmpty && state.pieces(of: entry.name).isEmpty)
        #expect(shelf.documents["seen/" + entry.name] == nil)
    }

    @Test func oneWhoLostItsLeaseWritesNothingMore() throws {
        let state = try open()
        try state.lease("a")
        try state.begin(StateFile.Entry(name: "a", file: "/a"), leaving: nil, [])
        shelf.lock.withLock { shelf.leases["stream:a"] = "another" }
        let before = shelf.documents
        let entry = StateFile.Entry(name: "a", file: "/a", bytes: 5)
        for _ in 0..<2 {
            #expect(throws: Failure.self) { try state.commit([(entry, nil)]) }
        }
        // Not even when the lease could be had again.
        shelf.lock.withLock { shelf.leases["stream:a"] = nil }
        #expect(throws: Failure.self) { try state.commit([(entry, nil)]) }
        #expect(shelf.documents == before)
        // Nor of its files.
        let other = try open()
        try other.lease("b")
        shelf.lock.withLock { shelf.leases["stream:b"] = "another" }
        #expect(throws: Failure.self) { try other.begin(StateFile.Entry(name: "b/b.000001.jsonl", file: "/b")) }
        #expect(shelf.documents == before)
    }

    @Test func aStreamIsItsWritersAlone() throws {
        let state = try open()
        try state.lease("a")
        try state.lease("a")
        let other = try open()
        #expect(throws: Failure.self) { try other.lease("a") }
        #expect(throws: Failure.self) { try other.reset("a") }
        #expect(try state.reserve("token x") && !other.reserve("token x"))
        state.letGo("token x")
        #expect(try other.reserve("token x"))
    }

    @Test func theDeadHoldNobodyUp() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sleep")
        process.arguments = ["60"]
        try process.run()
        let mine = LeaseHolder.name().split(separator: ".").map(String.init)
        let begun = try #require(
            String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
                .split(separator: ")").last?.split(separator: " ")[19])
        let its = "\(mine[0]).\(mine[1]).\(process.processIdentifier).\(begun).0"
        #expect(!LeaseHolder.isGone(its))
        shelf.leases["stream:a"] = its
        let state = try open()
        #expect(throws: Failure.self) { try state.lease("a") }
        // The test's thread may have signals blocked, and its children with it: all but this one.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(LeaseHolder.isGone(its))
        try state.lease("a")
        // Of another boot, another host, and of nobody's making.
        for name in ["x.\(mine[1]).\(mine[2]).\(mine[3]).0", "\(mine[0]).1.\(mine[2]).1.0", "", "a.b", "...."] {
            #expect(!LeaseHolder.isGone(name))
        }
        // One that could not tell when it began.
        #expect(!LeaseHolder.isGone("\(mine[0]).\(mine[1]).1.-.0"))
        // Another process of that number.
        #expect(LeaseHolder.isGone("\(mine[0]).\(mine[1]).\(mine[2]).1.0"))
    }

    @Test(arguments: ["", "{}", "[]", "{\"phase\":\"running\",\"file\":\"/a\",\"bytes\":-1}", "x"])
    func documentsThatAreNone(text: String) throws {
        shelf.documents["streams"] = ["a": text]
        shelf.documents["pieces/a"] = ["1": text]
        shelf.documents["runs"] = ["1": text]
        shelf.documents["tokens"] = ["t": text]
        shelf.documents["seen/a"] = [String(repeating: "0", count: 32): text]
        let state = try open()
        #expect(throws: Failure.self) { try state.entry("a") }
        #expect(throws: Failure.self) { try state.entries() }
        #expect(throws: Failure.self) { try state.pieces(of: "a") }
        #expect(throws: Failure.self) { try state.token("t") }
        #expect(throws: Failure.self) { try state.contents(of: [Fingerprint(low: 0, high: 0)], in: "a") }
        #expect(try state.runs(atMost: 5).isEmpty)
        // The message says that it can be reset.
        try state.reset("a")
        #expect(try state.entries().isEmpty && state.pieces(of: "a").isEmpty)
        #expect(shelf.documents["seen/a"] == nil)
    }

    @Test func theLastThousandRunsAreKept() throws {
        for number in 0..<1500 as Range<Int64> {
            shelf.documents["runs", default: [:]][StateDocuments.key(number)] = "{}"
        }
        _ = try open().beginRun("a")
        #expect(shelf.documents["runs"]?.count == KeyedState.mostRuns)
        #expect(shelf.documents["runs"]?[StateDocuments.key(1499)] != nil)
    }

    @Test func tokensStayWhatTheyAre() throws {
        let token = KeptToken(
            access: Secret("a\"\n"), prefix: "Bearer ", askedAt: WallTime(epochSeconds: 1_800_000_000),
            life: .seconds(3600), refresh: nil)
        let state = try open()
        #expect(try state.token("t") == nil)
        try state.keep(token, "t")
        #expect(try state.token("t") == token)
        var next = token
        next.refresh = Secret("r")
        try state.keep(next, "t")
        #expect(try open().token("t") == next)
    }
}
