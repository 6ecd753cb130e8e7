import Engine
import Foundation
import Testing

@testable import IO

/// Whoever can write to a state can write anything: no number of it may end the host.
@Suite struct StateBoundsTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "state-\(UUID().uuidString)")
    private let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    private func withState(_ body: (StateFile) throws -> Void) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try "{\"id\":1}\n".write(to: folder.appending(path: "a.jsonl"), atomically: true, encoding: .utf8)
        try body(StateFile(path: folder.appending(path: "state.db").path))
    }

    private var entry: StateFile.Entry {
        StateFile.Entry(
            name: "a", phase: .done, file: folder.appending(path: "a.jsonl").path, bytes: 9, records: 1, commits: 1)
    }

    private func exported(_ pieces: String, bytes: String = "9") -> String {
        #"{"penstock_state":1,"streams":[{"name":"a","phase":"done","file":"\#(entry.file)","bytes":\#(bytes),"#
            + #""records":1,"pages":1,"commits":1,"pieces":[\#(pieces)]}]}"#
    }

    @Test(arguments: [
        #"[1,0,9223372036854775807,1,"x","y"]"#, #"[1,0,0,9223372036854775807,"x"]"#, #"[1,-1,0,1,"x"]"#,
        #"[1,2,1,1,"x"]"#, #"[-1,0,1,1,"x"]"#, #"[1,0,1,-1,"x"]"#,
    ])
    func exportedTextsOfNumbersThatNoFileHas(piece: String) throws {
        try withState { state in
            let text = try #require(ProcessReferences().decode(exported(piece)))
            let failure = #expect(throws: Failure.self) { try state.take(text) }
            #expect(failure?.pointer == "/streams/0/pieces")
            let other = try #require(ProcessReferences().decode(exported("", bytes: "9223372036854775807")))
            #expect(throws: Failure.self) { try state.take(other) }
            #expect(try state.entries().isEmpty)
        }
    }

    /// What is within bounds, and still nonsense.
    @Test func commitsBehindTheFilesEnd() throws {
        try withState { state in
            let most = StateFile.possible.upperBound
            let text = try #require(ProcessReferences().decode(exported(#"[1,0,\#(most),1,"x","y"]"#)))
            try state.take(text)
            #expect(try state.verdicts().map(\.problem) == ["has commits of more than the 9 bytes"])
            let many = (1...10_000).map { #"[\#($0),0,0,\#(most),"\#(nothing)"]"# }.joined(separator: ",")
            try state.take(try #require(ProcessReferences().decode(exported(many))))
            #expect(try state.verdicts().map(\.problem) == ["has commits of 0 of 9 bytes"])
        }
    }

    @Test func whatIsDamagedIsToldAndCanBeReset() throws {
        try withState { state in
            var wrong = entry
            wrong.commits = .max
            try state.begin(wrong)
            let failure = #expect(throws: Failure.self) { try state.entry("a") }
            #expect(failure?.message.contains("is damaged: what it has of the stream \"a\"") == true)
            #expect(throws: Failure.self) { try state.verdicts() }
            try state.reset("a")
            #expect(try state.entries().isEmpty)
            let piece = StateFile.Piece(number: 1, start: 0, end: .max, records: 1, sha256: "")
            try state.commit([(entry, piece)])
            #expect(throws: Failure.self) { try state.pieces(of: "a") }
            try state.reset(nil)
            #expect(try state.pieces(of: "a").isEmpty)
        }
    }
}
