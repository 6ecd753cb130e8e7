/// Where a client stands: what its metrics and its trace are made of, on whoever's thread wants them.
public struct Snapshot: Sendable {
    public struct Waiting: Sendable {
        let stream: String
        let cause: WaitCause
        let since: Timespan
        let left: Timespan?
    }
    struct Breaker: Sendable {
        let origin: String
        let stream: String
        let state: String
    }

    /// Of the source, where there are several.
    public var source: String?
    var tallies: [Tally] = []
    var waiting: [Waiting] = []
    var breakers: [Breaker] = []
    var inFlight = 0
    var tokensRenewed: Int64 = 0
    var tokensFailed: Int64 = 0
    var breakersOpened: Int64 = 0
    /// The document's own limits, as they are labelled.
    var limits: [String] = []
    public var dropped: Int64 = 0
    var entries: [Recorder.Entry] = []
    var names: [String] = []
    var secrets: [Secret] = []
    var plan: Source
    public var wall: WallStart

    public init(_ source: Source, wall: WallStart) {
        plan = source
        self.source = source.name
        self.wall = wall
        secrets = source.secrets
        limits = source.limits.rules.map(\.label)
    }

    func label(_ cause: WaitCause) -> String? {
        guard case .limit(let rule) = cause else { return nil }
        return limits.indices.contains(rule) ? limits[rule] : "\(rule)"
    }
}

/// Which time it was on the wall when the clock of instants said so.
public struct WallStart: Sendable {
    public var instant: Instant
    public var nanosecondsSinceEpoch: Int64
    public init(instant: Instant, nanosecondsSinceEpoch: Int64) {
        self.instant = instant
        self.nanosecondsSinceEpoch = nanosecondsSinceEpoch
    }

    /// How long before now that was; none when it is still to come.
    public func lag(behind time: WallTime) -> Timespan {
        let (seconds, rest) = nanosecondsSinceEpoch.quotientAndRemainder(dividingBy: 1_000_000_000)
        return max(.zero, WallTime(epochSeconds: seconds, nanoseconds: Int32(clamping: rest)) - time)
    }

    /// RFC 3339 in UTC, with milliseconds.
    func text(_ at: Instant) -> String {
        let nanoseconds = nanosecondsSinceEpoch.addingSaturating((at - instant).nanoseconds)
        let milliseconds = max(0, nanoseconds / 1_000_000)
        let seconds = milliseconds / 1000
        let day = CivilDate(daysSinceEpoch: seconds / 86_400)
        let second = seconds % 86_400
        func two(_ number: some BinaryInteger) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let rest = milliseconds % 1000
        let fraction = rest < 10 ? "00\(rest)" : rest < 100 ? "0\(rest)" : "\(rest)"
        return "\(day.year)-\(two(day.month))-\(two(day.day))T"
            + "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60)).\(fraction)Z"
    }
}

extension Client {
    /// What is known now. What has gone by of a wait that goes on counts.
    public mutating func snapshot(_ recorder: inout Recorder, now: Instant, wall: WallStart) -> Snapshot {
        observation.settle(now: now)
        for event in takeEvents() { recorder.take(event, names: streamNames) }
        var snapshot = Snapshot(source, wall: wall)
        snapshot.tallies = recorder.tallies
        snapshot.tokensRenewed = recorder.tokensRenewed
        snapshot.tokensFailed = recorder.tokensFailed
        snapshot.breakersOpened = recorder.breakersOpened
        snapshot.entries = recorder.entries
        snapshot.names = streamNames
        snapshot.secrets += tokens.flatMap(\.secrets)
        snapshot.inFlight = transferCount
        snapshot.breakers = servers.breakers.map {
            .init(origin: "\($0.origin)", stream: $0.stream, state: $0.state.name)
        }
        snapshot.waiting = observation.watches.sorted { $0.key < $1.key }.compactMap { _, watch in
            guard !watch.isOver else { return nil }
            return .init(
                stream: observation.names[watch.stream], cause: watch.cause,
                since: watch.begun.map { now - $0 } ?? .zero,
                left: watch.until.map { max(.zero, $0 - now) })
        }
        return snapshot
    }
}
