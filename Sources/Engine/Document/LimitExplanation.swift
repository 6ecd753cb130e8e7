extension Words {
    static func adaptiveConcurrency(_ most: Int64) -> String {
        "as many requests under way at once as each server turns out to bear, \(most) at most"
    }

    /// What a rule of "limits" says.
    static func limit(_ rule: LimitPlan.Rule) -> String {
        let noun = rule.unit == .points ? "point" : "request"
        let text =
            switch rule.kind {
            case .window(let most, let per, let isAligned):
                "never more than \(count(most, noun)) in any \(window(per)) "
                    + (rule.counts == .response
                        ? "as the server counts: a place is free again \(per.documentText) after the response that used it"
                        : "as they are sent")
                    + (isAligned ? ", or when the server says that it counts anew" : "")
            case .bucket(let most, let per, let burst, let isStrict):
                "\(count(most, noun)) a \(window(per)) on average, and after a rest up to \(burst) at once"
                    + (isStrict ? ", but never more than \(most) in any \(window(per))" : "")
            case .spacing(let gap):
                "\(gap.documentText) from one request to the next, counted from when it "
                    + (rule.counts == .response ? "is answered" : "is sent")
            case .concurrent(let most): "at most \(count(most, "request")) under way at once"
            }
        let each = rule.each.map { ", for each \($0.rawValue)" } ?? ""
        return requests(rule.covers) + text + each
    }

    private static func requests(_ covers: LimitPlan.Coverage) -> String {
        var parts: [String] = []
        if !covers.methods.isEmpty { parts.append("method \(MessageText.alternatives(covers.methods))") }
        if !covers.paths.isEmpty {
            parts.append("path \(MessageText.alternatives(covers.paths.map { name($0.text) }))")
        }
        if !covers.streams.isEmpty { parts.append("stream \(MessageText.alternatives(covers.streams.map(name)))") }
        if !covers.hosts.isEmpty {
            parts.append("host \(MessageText.alternatives(covers.hosts.map { name($0.text) }))")
        }
        return parts.isEmpty ? "" : "for " + parts.joined(separator: ", ") + ": "
    }
}
