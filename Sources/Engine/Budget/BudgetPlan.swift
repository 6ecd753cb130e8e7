/// The limits of a budget that many processes share, in the form that its stores count in.
public struct BudgetPlan: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// Never more than `most` in any window of length `per`.
        case window(most: Int64, per: Timespan)
        /// One each `interval` on average, up to `burst` at once.
        case bucket(interval: Timespan, burst: Int64)
        /// So many at once.
        case gate(most: Int64)
    }

    public struct Rule: Sendable, Equatable {
        public var kind: Kind
        /// A permit counts from the response on; else from when it is taken.
        public var countsResponse: Bool

        public init(_ kind: Kind, countsResponse: Bool = true) {
            self.kind = kind
            self.countsResponse = countsResponse
        }

        /// The most that it gives at once.
        public var most: Int64 {
            switch kind {
            case .window(let most, _), .gate(let most): most
            case .bucket(_, let burst): burst
            }
        }

        /// Whether permits are held until they come back.
        public var holds: Bool {
            if case .gate = kind { true } else { countsResponse }
        }

        /// Until when what is counted now can matter at most.
        public var memory: Timespan {
            switch kind {
            case .window(_, let per): per
            case .bucket(let interval, let burst): interval * burst
            case .gate: .zero
            }
        }
    }

    public var rules: [Rule]
    /// The limits as text: processes that share a budget must mean the same by it.
    public var text: String
    /// For how long a permit counts as under way after its holder is gone.
    public var lease: Timespan

    public static let mostRules = 32

    public init(_ rules: [Rule], text: String, lease: Timespan = .seconds(1)) {
        self.rules = rules
        self.text = text
        self.lease = lease
    }

    public var memory: Timespan { rules.map(\.memory).max() ?? .zero }

    /// Fails where a rule can't be shared.
    ///
    /// - Parameter place: Where the limits stand.
    init(_ plan: LimitPlan, at place: DocumentPlace, lease: Timespan) throws(Failure) {
        var rules: [Rule] = []
        var texts: [String] = []
        guard plan.rules.count <= Self.mostRules else {
            throw place.failure("more than \(Self.mostRules) limits can't be shared")
        }
        // Limits on their own are a rule each.
        for (rule, element) in zip(plan.rules, place.elements) {
            if let each = rule.each {
                throw (element["each"] ?? element).failure(
                    "a budget for each \(each.rawValue) can't be shared yet")
            }
            rules.append(try Self.shared(rule, at: element))
            texts.append(Self.text(rule))
        }
        self.init(rules, text: texts.joined(separator: ", ") + "; lease \(lease.documentText)", lease: lease)
    }

    private static func shared(_ rule: LimitPlan.Rule, at place: DocumentPlace) throws(Failure) -> Rule {
        let countsResponse = rule.counts == .response
        switch rule.kind {
        case .window(let most, let per, let isAligned):
            if isAligned {
                throw (place["aligned"] ?? place).failure(
                    "a window that begins when the server says can't be shared yet")
            }
            return Rule(.window(most: most, per: per), countsResponse: countsResponse)
        case .bucket(let most, let per, let burst, let isStrict):
            let spread = isStrict ? max(1, most.subtractingSaturating(burst).addingSaturating(1)) : most
            return Rule(
                .bucket(interval: BucketLimit.interval(spread, per: per), burst: burst), countsResponse: countsResponse)
        case .spacing(let gap): return Rule(.bucket(interval: gap, burst: 1), countsResponse: countsResponse)
        case .concurrent(let most): return Rule(.gate(most: most))
        }
    }

    private static func text(_ rule: LimitPlan.Rule) -> String {
        var text: String
        switch rule.kind {
        case .window(let most, let per, _): text = "\(most) in \(per.documentText)"
        case .bucket(let most, let per, let burst, let isStrict):
            text = "\(most) a \(per.documentText) burst \(burst)\(isStrict ? " strict" : "")"
        case .spacing(let gap): text = "one a \(gap.documentText)"
        case .concurrent(let most): text = "\(most) at once"
        }
        if rule.unit == .points { text += " points" }
        if rule.counts == .send { text += " from sending" }
        let covers = rule.covers
        for (name, list) in [
            ("methods", covers.methods), ("paths", covers.paths.map(\.text)), ("streams", covers.streams),
            ("hosts", covers.hosts.map(\.text)),
        ] where !list.isEmpty { text += " \(name) \(list.joined(separator: " "))" }
        return text
    }
}

/// What one request takes of a budget: all of it or nothing.
public struct BudgetDemand: Sendable, Equatable {
    public struct Charge: Sendable, Equatable {
        public var rule: Int
        public var cost: Int64
        public init(rule: Int, cost: Int64) {
            self.rule = rule
            self.cost = cost
        }
    }
    public let charges: [Charge]
    /// The rules concerned, a bit each.
    public let mask: UInt32

    public init(_ charges: [Charge]) {
        self.charges = charges
        mask = charges.reduce(0) { $0 | (1 << UInt32(truncatingIfNeeded: $1.rule & 31)) }
    }
}

public enum BudgetAnswer: Sendable, Equatable {
    case granted
    case at(Instant)
    /// When somebody else is done; who asked is woken then.
    case later
    /// More than the limits ever give at once.
    case never
}
