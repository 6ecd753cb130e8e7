/// Where a client's events go as lines of text.
public struct LogPlan: Sendable {
    public enum Target: Sendable {
        case descriptor(Int32)
        /// Appended to.
        case file(String)
    }
    public enum Form: String, Sendable, CaseIterable {
        case json, text
    }
    public var level = EventLevel.info
    public var target = Target.descriptor(2)
    /// Nil: text on a terminal, else JSON.
    public var form: Form?
    public init() {}

    /// What the environment variable `PENSTOCK_LOG` says: a level. Nil: nothing is wanted.
    public init?(environment text: String) {
        let word = ASCII.lowercased(ASCII.trimmed(text))
        if ["", "0", "off", "none", "false"].contains(word) { return nil }
        if let level = EventLevel(rawValue: word == "warn" ? "warning" : word) { self.level = level }
    }

    static func read(_ place: DocumentPlace) throws(Failure) -> LogPlan {
        var plan = LogPlan()
        if let level = place["level"]?.value.string.flatMap(EventLevel.init(rawValue:)) { plan.level = level }
        if let number = place["fd"]?.value.int { plan.target = .descriptor(Int32(clamping: number)) }
        if let path = place["file"]?.value.string { plan.target = .file(path) }
        plan.form = place["format"]?.value.string.flatMap(Form.init(rawValue:))
        return plan
    }
}
