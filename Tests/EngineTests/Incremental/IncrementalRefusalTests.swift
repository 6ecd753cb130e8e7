import Testing

@testable import Engine

@Suite struct IncrementalRefusalTests {
    @Test(arguments: [
        ("\"from\": \"since\"", "/streams/feed/incremental/field", "missing key \"field\""),
        ("\"field\": \"\", \"from\": \"since\"", "/streams/feed/incremental/field", "the record itself is no value"),
        ("\"field\": \"at\"", "/streams/feed/incremental", "the start goes nowhere"),
        (
            "\"field\": \"at\", \"from\": \"since\", \"start\": \"soon\"", "/streams/feed/incremental/start",
            "expected a time"
        ),
        (
            "\"field\": \"at\", \"from\": \"since\", \"start\": \"now - soon\"", "/streams/feed/incremental/start",
            "expected a time"
        ),
        (
            "\"field\": \"at\", \"from\": \"since\", \"step\": \"1d\"", "/streams/feed/incremental/step",
            "windows need an end"
        ),
        (
            "\"field\": \"at\", \"from\": \"since\", \"to\": \"until\", \"step\": \"0s\"",
            "/streams/feed/incremental/step", "expected a length of time"
        ),
        (
            "\"field\": \"at\", \"from\": \"since\", \"to\": \"until\", \"step\": 5", "/streams/feed/incremental/step",
            "expected a length of time"
        ),
        (
            "\"field\": \"at\", \"from\": \"since\", \"to\": \"since\"", "/streams/feed/incremental/to",
            "is the pagination's, or the start's"
        ),
        (
            "\"field\": \"at\", \"from\": \"offset\"", "/streams/feed/incremental/from",
            "is the pagination's, or the start's"
        ),
        ("\"field\": \"at\", \"from\": \"q\"", "/streams/feed/incremental/from", "is set by \"query\""),
        (
            "\"field\": \"at\", \"mode\": \"client\", \"from\": \"since\"", "/streams/feed/incremental/from",
            "requests have no bounds"
        ),
        (
            "\"field\": \"at\", \"from\": \"since\", \"format\": \"%Q\"", "/streams/feed/incremental/format",
            "the pattern has an unknown field"
        ),
        (
            "\"field\": \"at\", \"from\": \"since\", \"zone\": \"Mars\"", "/streams/feed/incremental/zone",
            "the time zone \"Mars\" can't be read: there is none in /made/up"
        ),
        (
            "\"field\": \"at\", \"from\": \"since\", \"zone\": \"../etc/passwd\"", "/streams/feed/incremental/zone",
            "expected \"UTC\", an offset such as \"+02:00\" or a name"
        ),
        (
            "\"field\": \"at\", \"from\": \"since\", \"zone\": \"Europe/../Berlin\"",
            "/streams/feed/incremental/zone", "expected \"UTC\", an offset"
        ),
        (
            "\"field\": \"at\", \"from\": \"since\", \"zone\": \"/Europe/Berlin\"", "/streams/feed/incremental/zone",
            "expected \"UTC\", an offset"
        ),
        (
            "\"field\": \"at\", \"from\": \"since\", \"zone\": \"\(String(repeating: "a", count: 65))\"",
            "/streams/feed/incremental/zone", "the text is longer than 64 characters"
        ),
        (
            "\"field\": \"n\", \"type\": \"number\", \"from\": \"since\", \"to\": \"until\", \"start\": 0, \"step\": 10",
            "/streams/feed/incremental/step", "windows of numbers need an \"end\""
        ),
        ("\"field\": \"at\", \"from\": {\"format\": \"date\"}", "/streams/feed/incremental/from", "it goes nowhere"),
        (
            "\"field\": \"at\", \"from\": \"since\", \"to\": \"until\", \"start\": \"beginning\", \"step\": \"1d\"",
            "/streams/feed/incremental/start", "windows need a \"start\""
        ),
    ])
    func refuses(_ incremental: String, _ pointer: String, _ message: String) throws {
        let document = FeedServer.document(incremental, more: ", \"query\": {\"q\": \"1\"}")
        let failure = #expect(throws: Failure.self) { _ = try source(document) }
        #expect(failure?.pointer == pointer, "\(failure?.message ?? "")")
        #expect(failure.map { ASCII.contains($0.message, message) } == true, "\(failure?.message ?? "")")
    }

    @Test func placesWithoutIncremental() throws {
        let document = "\"streams\": {\"feed\": {\"path\": \"/feed\", \"query\": {\"q\": \"{window.start}\"}}}"
        let failure = #expect(throws: Failure.self) { _ = try source(document) }
        #expect(
            failure.map { ASCII.contains($0.message, "there is no \"incremental\"") } == true,
            "\(failure?.message ?? "")")
    }

    @Test func aCheckpointOfAnotherDocumentIsRefused() throws {
        let server = FeedServer()
        server.rows = IncrementalTests.rows((0..<30).map { $0 * 100 })
        let document = FeedServer.document(IncrementalTests.plain)
        let middle = try server.run(document, now: FeedServer.base + 5000, killedBehind: 2)
        for (other, word) in [
            (FeedServer.document(IncrementalTests.plain + ", \"lookback\": \"1h\""), "incremental"),
            (
                "\"streams\": {\"feed\": {\"path\": \"/feed\", \"records\": \"data\", \(FeedServer.offset)}}",
                "incremental"
            ),
        ] {
            let failure = #expect(throws: Failure.self) {
                try server.run(other, now: FeedServer.base + 5000, from: middle.checkpoint)
            }
            #expect(failure.map { ASCII.contains($0.message, word) } == true, "\(failure?.message ?? "")")
        }
        // A run that is over hangs on the field alone.
        let whole = try server.run(document, now: FeedServer.base + 5000)
        let longer = FeedServer.document(IncrementalTests.plain + ", \"lookback\": \"1h\"")
        #expect(try server.run(longer, now: FeedServer.base + 6000, from: whole.checkpoint).failure == nil)
        let other = FeedServer.document("\"field\": \"n\", \"from\": \"since\"")
        let failure = #expect(throws: Failure.self) {
            try server.run(other, now: FeedServer.base + 6000, from: whole.checkpoint)
        }
        #expect(
            failure.map { ASCII.contains($0.message, "goes by another field") } == true, "\(failure?.message ?? "")")
    }
}
