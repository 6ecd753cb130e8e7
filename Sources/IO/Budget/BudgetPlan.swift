package import Engine

/// The limits of a budget that many processes share, in the form that its stores count in.
package struct BudgetPlan: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// Never more than `most` in any window of length `per`.
        case window(most: Int64, per: Timespan)
        /// One each `interval` on average, up to `burst` at once.
        case bucket(interval: Timespan, burst: Int64)
        /// So many at once.
        case gate(most: Int64)
    }

    package struct Rule: Sendable, Equatable {
        package var kind: Kind
        /// A permit counts from the response on; else from when it is taken.
        package var countsResponse: Bool

        package init(_ kind: Kind, countsResponse: Bool = true) {
            self.kind = kind
            self.countsResponse = countsResponse
        }

        /// The most that it gives at once.
        var most: Int64 {
            switch kind {
            case .window(let most, _), .gate(let most): most
            case .bucket(_, let burst): burst
            }
        }

        /// Whether permits are held until they come back.
        var holds: Bool {
            if case .gate = kind { true } else { countsResponse }
        }

        /// Until when what is counted now can matter at most.
        var memory: Timespan {
            switch kind {
            case .window(_, let per): per
            case .bucket(let interval, let burst): interval * burst
            case .gate: .zero
            }
        }
    }

    package var rules: [Rule]
    /// The limits as text: processes that share a budget must mean the same by it.
    package var text: String
    /// For how long a permit counts as under way after its holder died.
    package var lease: Timespan

    package static let mostRules = 32

    package init(_ rules: [Rule], text: String, lease: Timespan = .seconds(1)) {
        self.rules = rules
        self.text = text
        self.lease = lease
    }

    var memory: Timespan { rules.map(\.memory).max() ?? .zero }
}

/// What one request takes of a budget: all of it or nothing.
package struct BudgetDemand: Sendable, Equatable {
    package struct Charge: Sendable, Equatable {
        package var rule: Int
        package var cost: Int64
        package init(rule: Int, cost: Int64) {
            self.rule = rule
            self.cost = cost
        }
    }
    package let charges: [Charge]
    /// The rules concerned, a bit each.
    let mask: UInt32

    package init(_ charges: [Charge]) {
        self.charges = charges
        mask = charges.reduce(0) { $0 | (1 << UInt32(truncatingIfNeeded: $1.rule & 31)) }
    }
}

package enum BudgetAnswer: Sendable, Equatable {
    case granted
    case at(Instant)
    /// When somebody else is done; who asked is woken then.
    case later
    /// More than the limits ever give at once.
    case never
}
