/// Where a state is kept.
public enum StatePlace: Sendable {
    /// A SQLite file's path.
    case file(String)
    case redis(RedisPlace)
    /// What the program around us has registered under that name.
    case host(String)

    /// As a text says it: a path, a URL of Redis, or "host:" and a name. Never with a part of the text in the flaw: it may
    /// be a password.
    public static func parse(_ text: String) -> Result<StatePlace, StatePlaceFlaw> {
        if text.hasPrefix("host:") {
            let name = String(text.dropFirst(5))
            guard TextForm.name.problem(in: name) == nil else {
                return .failure(
                    StatePlaceFlaw("expected \"host:\" and a name of letters, digits, \".\", \"_\" and \"-\""))
            }
            return .success(.host(name))
        }
        guard ["redis://", "rediss://", "unix://"].contains(where: { text.hasPrefix($0) }) else {
            return .success(.file(text))
        }
        switch RedisPlace.parse(text) {
        case .success(let place): return .success(.redis(place))
        case .failure(let flaw): return .failure(flaw)
        }
    }
}

public struct StatePlaceFlaw: Error, Equatable {
    public let text: String
    init(_ text: String) { self.text = text }
}

/// A state in Redis: which one, and under which names.
public struct RedisPlace: Sendable {
    public var access: RedisAccess
    /// In front of all keys.
    public var prefix = RedisPlace.defaultPrefix
    /// For how long a stream stays its writer's when nothing more is heard of that one.
    public var lease = RedisPlace.defaultLease

    public static let defaultPrefix = "state"
    public static let defaultLease = Timespan.seconds(15)
    static let leases = Timespan.seconds(1)...Timespan.seconds(3600)

    /// `redis://…` or `unix:///…`, and `?prefix=…&lease=…` behind it.
    static func parse(_ text: String) -> Result<RedisPlace, StatePlaceFlaw> {
        // A password may have any character but an "@" in it.
        let login = text.utf8.lastIndex(of: UInt8(ascii: "@")) ?? text.utf8.startIndex
        let end = text.utf8[login...].firstIndex(of: UInt8(ascii: "?")) ?? text.utf8.endIndex
        var place: RedisPlace
        switch RedisAddress.parse(String(text[..<end])) {
        case .success(let parsed): place = RedisPlace(access: parsed.access)
        case .failure(let flaw): return .failure(StatePlaceFlaw(flaw.text))
        }
        for option in text[end...].dropFirst().split(separator: "&" as Character) {
            let parts = option.split(separator: "=" as Character, maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count == 2 ? String(parts[1]) : ""
            switch parts.first {
            case "prefix":
                guard TextForm.line(1...200).problem(in: value) == nil else {
                    return .failure(StatePlaceFlaw("expected a prefix of 1 to 200 characters behind \"prefix=\""))
                }
                place.prefix = value
            case "lease":
                guard let lease = DurationText.parse(value), leases.contains(lease) else {
                    return .failure(StatePlaceFlaw("expected a duration from 1s to 1h behind \"lease=\""))
                }
                place.lease = lease
            default: return .failure(StatePlaceFlaw("expected prefix=… or lease=… behind the \"?\""))
            }
        }
        return .success(place)
    }

    /// For messages.
    public var shown: String { "the state in Redis at \(access.shown), prefix \"\(prefix)\"" }
}

extension DocumentParser {
    /// A text, or an object that says it piece by piece, so that the password can be a reference.
    mutating func statePlace(_ place: DocumentPlace) throws(Failure) -> StatePlace {
        if let text = place.value.string { return try Self.statePlace(text, place) }
        guard let url = place["redis"] else { throw place.failure("missing key \"redis\"") }
        guard case .redis(var redis) = try Self.statePlace(try secret(url).reveal(), url) else {
            throw url.failure("expected \(RedisAddress.form)")
        }
        try login(&redis.access, place)
        if let prefix = place["prefix"]?.value.string { redis.prefix = prefix }
        if let lease = place["lease"]?.value.string.flatMap(DurationText.parse) { redis.lease = lease }
        return .redis(redis)
    }

    static func statePlace(_ text: String, _ place: DocumentPlace) throws(Failure) -> StatePlace {
        switch StatePlace.parse(text) {
        case .success(let found): return found
        case .failure(let flaw): throw place.failure(flaw.text)
        }
    }
}
