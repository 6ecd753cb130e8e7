/// Parents that a walk went on without.
struct Skips: Sendable {
    static let mostTold = 5

    private(set) var count: Int64 = 0
    private(set) var first: Failure?
    /// Of the first few.
    private(set) var messages: [String] = []
    private var told = 0

    mutating func add(_ failure: Failure) {
        count = count.addingSaturating(1)
        if first == nil { first = failure }
        if messages.count < Self.mostTold { messages.append(failure.message) }
    }

    /// What has not been said yet.
    mutating func takeWarnings() -> [String] {
        defer { told = messages.count }
        return messages[told...].map { "skipped: \($0)" }
    }

    /// At the end, where not all of them were told.
    var summary: [String] { count > Int64(messages.count) ? ["skipped: \(count) in all"] : [] }
}
