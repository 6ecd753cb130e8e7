import EngineTestKit
import Testing

@testable import Engine

/// What a limiter is opened with, where others share it.
@Suite struct LimiterPlanTests {
    struct NoReferences: References {
        func decode(_ text: String) -> JSONValue? { nil }
        func environment(_ name: String) -> [UInt8]? { name == "URL" ? Array("redis://h:7000/3".utf8) : nil }
        func file(_ path: String) throws(ReferenceError) -> [UInt8] { throw ReferenceError("is not there") }
        func zone(_ name: String) throws(ReferenceError) -> [UInt8] { throw ReferenceError("is not there") }
        func document(_ path: String) throws(ReferenceError) -> JSONValue { throw ReferenceError("is not there") }
    }

    private func parse(_ text: String) throws -> LimiterPlan {
        return try LimiterPlan.parse(json(text), references: NoReferences())
    }

    private func refusal(_ text: String) -> String {
        do {
            _ = try parse(text)
            return ""
        } catch let failure as Failure { return failure.message } catch { return "\(error)" }
    }

    @Test func withoutOthersItIsLimits() throws {
        #expect(try parse(#""10/s""#).limits.rules.count == 1)
        #expect(try parse(#"{"limits": ["10/s", {"concurrent": 3}]}"#).limits.rules.count == 2)
        #expect(try parse(#"{"concurrent": 3}"#).share == nil)
    }

    @Test func aFile() throws {
        let plan = try parse(#"{"limits": ["10/s", {"concurrent": 3}], "share": {"file": "/run/x", "lease": "2s"}}"#)
        guard case .file("/run/x", let budget) = plan.share else { Issue.record("no file"); return }
        #expect(budget.rules.map(\.kind) == [.window(most: 10, per: .seconds(1)), .gate(most: 3)])
        #expect(budget.text == "10 in 1s, 3 at once; lease 2s")
    }

    @Test(arguments: [
        ("redis://h", RedisAccess.Address.tcp(host: "h", port: 6379), 0),
        ("redis://h:1/15", .tcp(host: "h", port: 1), 15), ("redis://[::1]:2/", .tcp(host: "::1", port: 2), 0),
        ("unix:///run/redis.sock", .unix("/run/redis.sock"), 0),
        ("redis://:p%40ss@h", .tcp(host: "h", port: 6379), 0),
    ])
    func addresses(url: String, address: RedisAccess.Address, database: Int) throws {
        let plan = try parse(#"{"limits": "10/s", "share": {"redis": "\#(url)", "key": "k"}}"#)
        guard case .redis(let share, _) = plan.share else { Issue.record("no Redis"); return }
        #expect(share.access.address == address)
        #expect(share.access.database == Int64(database))
        #expect(share.access.password?.reveal() == (url.hasPrefix("redis://:") ? "p@ss" : nil))
    }

    @Test func aReference() throws {
        let plan = try parse(
            #"{"limits": "10/s", "share": {"redis": {"env": "URL"}, "key": "k", "away": "closed", "workers": 4}}"#)
        guard case .redis(let share, _) = plan.share else { Issue.record("no Redis"); return }
        #expect(share.access.address == .tcp(host: "h", port: 7000))
        #expect(share.away == .closed)
        #expect(share.workers == 4)
    }

    @Test(arguments: [
        ("rediss://h", "TLS"), ("http://u:hunter2@h", "expected redis://"), ("redis://", "expected redis://"),
        ("redis://u:hunter2@h:0", "expected a port"), ("redis://h:99999", "expected a port"),
        ("redis://h/x", "database"), ("redis://:hunter2%4@h", "no escape"), ("unix://h", "absolute path"),
        ("redis://hunter2@h", "a user without a password"), ("redis://h x", "expected redis://"),
    ])
    func wrongAddressesAreSaidWithoutTheirPasswords(url: String, part: String) {
        let message = refusal(#"{"limits": "10/s", "share": {"redis": "\#(url)", "key": "k"}}"#)
        #expect(message.contains(part))
        #expect(message.contains("/share"))
        #expect(!message.contains("hunter2"))
    }

    @Test func wrongDocuments() {
        #expect(refusal(#"{"limits": "10/s", "share": {}}"#).contains("/share"))
        #expect(refusal(#"{"limits": "10/s", "share": {"redis": "redis://h"}}"#).contains("\"key\""))
        #expect(refusal(#"{"limits": "10/s", "share": {"file": "x", "workers": 2}}"#).contains("workers"))
        #expect(refusal(#"{"share": {"file": "x"}}"#).contains("share"))
    }
}
