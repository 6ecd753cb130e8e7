/// What a limiter is opened with: limits, and with whom they are shared.
public struct LimiterPlan: Sendable {
    public enum Share: Sendable {
        /// With the processes of this host that name the same file.
        case file(String, BudgetPlan)
        case redis(RedisShare, BudgetPlan)
    }
    public var limits: LimitPlan
    public var share: Share?

    public static func parse(_ value: JSONValue, references: some References) throws(Failure) -> LimiterPlan {
        let place = DocumentPlace(value)
        try place.check(.named(Vocabulary.limiter))
        return try read(place, references)
    }

    /// Of a document that is checked.
    static func read(_ place: DocumentPlace, _ references: any References) throws(Failure) -> LimiterPlan {
        guard let inner = place["limits"] else { return LimiterPlan(limits: try DocumentParser.limits(place)) }
        var plan = LimiterPlan(limits: try DocumentParser.limits(inner))
        guard let share = place["share"] else { return plan }
        let lease = share["lease"]?.value.string.flatMap(DurationText.parse)
        if let path = share["file"]?.value.string {
            plan.share = .file(path, try BudgetPlan(plan.limits, at: inner, lease: lease ?? defaultLease))
        } else {
            var parser = DocumentParser(references: references)
            let redis = try parser.redisShare(share)
            plan.share = .redis(
                redis, try BudgetPlan(plan.limits, at: inner, lease: lease ?? RedisShare.defaultLease))
        }
        return plan
    }

    static let defaultLease = Timespan.seconds(1)
}

/// Processes, on whatever host, that use the same key of the same Redis.
public struct RedisShare: Sendable {
    /// What holds while Redis does not answer.
    public enum Away: String, Sendable, CaseIterable {
        /// This process has its part of the limits to itself.
        case localShare = "local_share"
        /// Nobody gets anything.
        case closed
        /// The limits as if this process were alone.
        case open
    }

    public var access: RedisAccess
    /// The name of the budget.
    public var key: String
    public var away = Away.localShare
    /// How many processes share it, for `local_share`.
    public var workers: Int64 = RedisShare.defaultWorkers
    /// How far ahead permits are taken.
    public var ahead = RedisShare.defaultAhead

    static let defaultLease = Timespan.seconds(30)
    static let defaultWorkers: Int64 = 1
    static let defaultAhead = Timespan.milliseconds(100)
}

extension DocumentParser {
    mutating func redisShare(_ place: DocumentPlace) throws(Failure) -> RedisShare {
        guard let urlPlace = place["redis"] else { throw place.failure("missing key \"redis\"") }
        let url = try secret(urlPlace)
        var share: RedisShare
        switch RedisAddress.parse(url.reveal()) {
        case .success(let parsed): share = RedisShare(access: parsed.access, key: place["key"]?.value.string ?? "")
        case .failure(let flaw): throw urlPlace.failure(flaw.text)
        }
        try login(&share.access, place)
        if let away = place["away"]?.value.string.flatMap(RedisShare.Away.init) { share.away = away }
        if let workers = place["workers"]?.value.int { share.workers = workers }
        if let ahead = place["ahead"]?.value.string.flatMap(DurationText.parse) { share.ahead = ahead }
        return share
    }
}

/// `redis://[user:password@]host[:port][/database]` and `unix:///path`.
struct RedisAddress {
    struct Flaw: Error { let text: String }
    var address: RedisAccess.Address
    var user: String?
    var password: String?
    var database: Int64 = 0

    var access: RedisAccess {
        var access = RedisAccess(address: address)
        access.user = user
        access.password = password.map(Secret.init)
        access.database = database
        return access
    }

    static let form = "redis://[user:password@]host[:port][/database] or unix:///path"

    /// Never with a part of the text in the flaw: it may be a password.
    static func parse(_ text: String) -> Result<RedisAddress, Flaw> {
        let bytes = Array(text.utf8)
        if let rest = dropping("unix://", from: bytes) {
            guard rest.first == UInt8(ascii: "/"), rest.count > 1, rest.count <= 107 else {
                return .failure(Flaw(text: "expected unix:// and the absolute path of a socket, at most 107 bytes"))
            }
            return .success(RedisAddress(address: .unix(String(decoding: rest, as: UTF8.self))))
        }
        if dropping("rediss://", from: bytes) != nil {
            return .failure(Flaw(text: "TLS to Redis (rediss://) is not supported; put a tunnel in front of it"))
        }
        guard var rest = dropping("redis://", from: bytes) else { return .failure(Flaw(text: "expected \(form)")) }
        var result = RedisAddress(address: .unix(""))
        if let at = rest.lastIndex(of: UInt8(ascii: "@")) {
            let login = rest[..<at]
            rest = rest[(at + 1)...]
            let colon = login.firstIndex(of: UInt8(ascii: ":")) ?? login.endIndex
            guard let user = unescape(login[..<colon]), let password = unescape(login[colon...].dropFirst()) else {
                return .failure(Flaw(text: "the user or the password has a % that is no escape"))
            }
            result.user = user.isEmpty ? nil : user
            result.password = password.isEmpty ? nil : password
        }
        if let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
            let digits = String(decoding: rest[(slash + 1)...], as: UTF8.self)
            guard digits.isEmpty || (Int64(digits).map { (0...9999).contains($0) } ?? false) else {
                return .failure(Flaw(text: "expected a database number behind the host"))
            }
            result.database = Int64(digits) ?? 0
            rest = rest[..<slash]
        }
        var port: Int32 = 6379
        var host = rest
        if host.first == UInt8(ascii: "["), let end = host.firstIndex(of: UInt8(ascii: "]")) {
            rest = host[(end + 1)...]
            host = host[host.startIndex...end].dropFirst().dropLast()
        } else {
            let colon = host.firstIndex(of: UInt8(ascii: ":")) ?? host.endIndex
            rest = host[colon...]
            host = host[..<colon]
        }
        if rest.first == UInt8(ascii: ":") {
            guard let number = Int32(String(decoding: rest.dropFirst(), as: UTF8.self)), (1...65535).contains(number)
            else {
                return .failure(Flaw(text: "expected a port from 1 to 65535"))
            }
            port = number
        } else if !rest.isEmpty {
            return .failure(Flaw(text: "expected \(form)"))
        }
        guard !host.isEmpty, host.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return .failure(Flaw(text: "expected \(form)"))
        }
        result.address = .tcp(host: String(decoding: host, as: UTF8.self), port: port)
        return .success(result)
    }

    private static func dropping(_ prefix: String, from bytes: [UInt8]) -> ArraySlice<UInt8>? {
        bytes.starts(with: prefix.utf8) ? bytes[prefix.utf8.count...] : nil
    }

    private static func unescape(_ bytes: ArraySlice<UInt8>) -> String? {
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(ASCII.hexValue), let low = rest.popFirst().flatMap(ASCII.hexValue)
            else { return nil }
            result.append(high << 4 | low)
        }
        return String(decoding: result, as: UTF8.self)
    }
}
