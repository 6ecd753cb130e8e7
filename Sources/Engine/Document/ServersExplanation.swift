extension Words {
    /// What "server_limits" says, where it is not the usual.
    static func serverLimits(_ plan: ServerLimitsPlan) -> [String] {
        guard plan.isOn else { return ["what the server's headers say of its limits is not heeded; refusals are"] }
        var sentences: [String] = []
        switch plan.pace {
        case .auto: break
        case .spread:
            sentences.append("what the server says that remains is spread evenly over the time until its reset")
        case .burst: sentences.append("what the server says that remains is used up at full speed")
        }
        if plan.reserve > 0 || plan.reservePercent > 0 {
            let parts = [
                plan.reserve > 0 ? Words.count(plan.reserve, "request") : nil,
                plan.reservePercent > 0 ? "\(plan.reservePercent) %" : nil,
            ]
            sentences.append(
                "of each of the server's windows \(parts.compactMap { $0 }.joined(separator: " or ")) "
                    + "\(parts.allSatisfy { $0 != nil } ? "(whichever is more) " : "")is left to others")
        }
        return sentences
    }

    static func breaker(_ plan: BreakerPlan) -> String {
        guard plan.isOn else { return "a server that fails again and again is not left alone (\"breaker\": false)" }
        let window = plan.windowCalls > 0 ? "\(plan.windowCalls) requests" : plan.window.documentText
        var reasons: [String] = []
        if plan.failures > 0 { reasons.append("\(Words.count(plan.failures, "failure")) in a row") }
        if plan.failurePercent > 0 { reasons.append("\(plan.failurePercent) % failures in \(window)") }
        if plan.slowPercent > 0 {
            reasons.append("\(plan.slowPercent) % answers slower than \(plan.slowAfter.documentText) in \(window)")
        }
        return
            "after \(reasons.joined(separator: " or ")) the server is left alone for \(plan.open.documentText), up to "
            + "\(plan.longestOpen.documentText) when it goes on: walks wait, single requests fail at once"
    }
}
