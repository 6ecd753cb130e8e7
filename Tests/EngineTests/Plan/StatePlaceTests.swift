import Testing

@testable import Engine

/// Where a state is kept, as texts say it.
@Suite struct StatePlaceTests {
    @Test(arguments: ["state.db", "/var/lib/state.db", "./host:x", "redis.db", "hosts/x", "unix:x"])
    func paths(text: String) throws {
        guard case .file(let path) = try StatePlace.parse(text).get() else {
            Issue.record("no file: \(text)")
            return
        }
        #expect(path == text)
    }

    @Test func stores() throws {
        guard case .host(let name) = try StatePlace.parse("host:a-b_1.c").get() else {
            Issue.record("no store")
            return
        }
        #expect(name == "a-b_1.c")
    }

    @Test(
        arguments: [
            ("redis://h", "h:6379/0", "state", 15),
            ("redis://h:7000/3?prefix=shop", "h:7000/3", "shop", 15),
            ("redis://u:p%40ss@h/1?lease=30s&prefix=a/b", "h:6379/1", "a/b", 30),
            ("redis://:what?x@h?prefix=x", "h:6379/0", "x", 15),
            ("unix:///run/redis.sock?prefix=shop", "/run/redis.sock/0", "shop", 15),
        ] as [(String, String, String, Int64)])
    func redis(text: String, shown: String, prefix: String, lease: Int64) throws {
        guard case .redis(let place) = try StatePlace.parse(text).get() else {
            Issue.record("no Redis: \(text)")
            return
        }
        #expect(place.access.shown == shown)
        #expect(place.prefix == prefix && place.lease == .seconds(lease))
        #expect(place.shown == "the state in Redis at \(shown), prefix \"\(prefix)\"")
    }

    @Test(arguments: [
        "host:", "host:a/b", "host:ä", "redis://", "redis://:hunter2@h:x", "rediss://:hunter2@h", "redis://h?prefix=",
        "redis://h?prefix", "redis://h?lease=0s", "redis://h?lease=2h", "redis://h?color=hunter2", "unix://x",
        "redis://h?prefix=a\nb",
    ])
    func flaws(text: String) {
        guard case .failure(let flaw) = StatePlace.parse(text) else {
            Issue.record("taken: \(text)")
            return
        }
        #expect(!flaw.text.isEmpty && !ASCII.contains(flaw.text, "hunter2"))
    }
}
