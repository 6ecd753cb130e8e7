import Engine
import Foundation
import IO
import Testing

@Suite struct ReferencesTests {
    private let references = ProcessReferences()

    private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "penstock-\(UUID().uuidString)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test func readsVariablesOfTheEnvironment() {
        #expect(references.environment("PATH")?.isEmpty == false)
        #expect(references.environment("PENSTOCK_NO_SUCH_VARIABLE") == nil)
    }

    @Test func readsSmallFilesAsTheyAre() throws {
        try withFile(Array("secret\n".utf8)) { path in
            let bytes = try references.file(path)
            #expect(bytes == Array("secret\n".utf8))
        }
        try withFile([]) { path in
            let bytes = try references.file(path)
            #expect(bytes.isEmpty)
        }
        let largest = [UInt8](repeating: 0x61, count: ProcessReferences.maximumBytes)
        try withFile(largest) { path in
            let bytes = try references.file(path)
            #expect(bytes == largest)
        }
    }

    @Test func refusesWhatIsNoSecret() throws {
        func reason(_ path: String) -> String {
            do throws(ReferenceError) {
                _ = try references.file(path)
                return ""
            } catch { return error.reason }
        }
        #expect(reason("/no/such/file").contains("does not exist"))
        #expect(reason("/").contains("not a regular file"))
        #expect(reason("/dev/zero").contains("not a regular file"))
        try withFile([UInt8](repeating: 0x61, count: ProcessReferences.maximumBytes + 1)) { path in
            #expect(reason(path) == "is larger than 64 KiB")
        }
        // A pipe that nobody writes to must not be waited for.
        let pipe = NSTemporaryDirectory() + "penstock-\(UUID().uuidString)"
        #expect(mkfifo(pipe, 0o600) == 0)
        defer { unlink(pipe) }
        #expect(reason(pipe).contains("not a regular file"))
    }

    @Test func readsDocumentsOfJobs() throws {
        try withFile(Array("{\"base_url\": \"https://a.example\", \"streams\": {\"s\": \"/s\"}}".utf8)) { path in
            let job = try Documents.parse(
                Array("{\"source\": \"\(path)\", \"output\": {\"directory\": \"out\"}}".utf8))
            #expect(try JobPlan.parse(job, references: references).entries.first?.streams.map(\.name) == ["s"])
        }
        try withFile(Array("{\n  \"a\": }".utf8)) { path in
            #expect(throws: ReferenceError.self) { try references.document(path) }
        }
    }
}

@Suite struct DocumentsTests {
    private func message(_ text: String) -> String {
        do throws(Failure) {
            _ = try Documents.parse(Array(text.utf8))
            return ""
        } catch {
            return error.code == .config ? error.message : "\(error.code)"
        }
    }

    @Test func saysLineAndColumnOfAMistake() {
        #expect(message("{\n  \"a\": 1,\n  \"b\": }").hasPrefix("line 3, column 8: "))
        #expect(message("").hasPrefix("line 1, column 1: "))
        #expect(message("{\"a\": 1, \"a\": 2}").contains("line 1"))
        #expect(message("{\"a\": 1} x").hasPrefix("line 1, column 10: "))
        #expect(message("12").hasPrefix("line 1"))
        #expect(message(String(repeating: "[", count: 100_000)).hasPrefix("line 1"))
        #expect(message(String(repeating: " ", count: Documents.maximumBytes + 1)) == "the text is longer than 4 MiB")
    }

    @Test func takesALimitersText() throws {
        #expect(try Documents.parse(Array(" \"10/s\"".utf8)) == .string("10/s"))
        #expect(try LimitPlan.parse(Documents.parse(Array("\"10/s\"".utf8))).rules.count == 1)
    }
}
