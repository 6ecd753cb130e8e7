extension Words {
    /// What a rule of "limits" says.
    static func limit(_ rule: LimitPlan.Rule) -> String {
        let noun = rule.unit == .points ? "point" : "request"
        switch rule.kind {
        case .window(let most, let per, _):
            return "never more than \(count(most, noun)) in any \(window(per)) as the server "
                + "counts: a place is free again \(per.documentText) after the response that used it"
        case .bucket(let most, let per, let burst, _):
            return "\(count(most, noun)) a \(window(per)) on average, and after a rest up to "
                + "\(burst) at once"
        case .spacing(let gap): return "\(gap.documentText) from one request to the next"
        case .concurrent(let most): return "at most \(count(most, "request")) under way at once"
        }
    }
}
