/// The parts of sentences that explain a document.
enum Words {
    /// "3 requests", "1 page".
    static func count(_ number: Int64, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// Behind "in any" or "a": `second`, `minute`, `10s`.
    static func window(_ per: Timespan) -> String {
        switch per {
        case .seconds(1): "second"
        case .seconds(60): "minute"
        case .seconds(3600): "hour"
        case .seconds(86_400): "day"
        default: per.documentText
        }
    }

    static func name(_ text: String) -> String { MessageText.quoted(text) }

    static func slot(_ slot: Slot) -> String { "the " + DocumentParser.described(slot) }

    /// Where a value comes from.
    static func source(_ source: ValueSource) -> String {
        switch source {
        case .body(let path): path.steps.isEmpty ? "the whole body" : "\(place(path)) in the body"
        case .header(let name): "the header \(self.name(name))"
        case .link(let relation, nil): "the Link header's URL with rel=\(name(relation))"
        case .link(let relation, let attribute?):
            "the attribute \(name(attribute)) of the Link header's rel=\(name(relation))"
        case .firstRecord(let path): "\(place(path)) of the page's first record"
        case .lastRecord(let path): "\(place(path)) of the page's last record"
        case .find(let list, let conditions, let take):
            "\(place(take)) of the first of \(place(list)) in the body with "
                + conditions.map { "\(place($0.field)) = \(text(of: $0.value))" }.joined(separator: " and ")
        case .page(let value): page(value)
        case .over(let name): "the value \(self.name(name)) that the walk is made for"
        case .window(let side, _): "the \(side.rawValue) of the window"
        case .constant(.int(let number)): String(number)
        // It may have come as a parameter.
        case .constant: "a fixed value"
        case .sum(let sources): sources.map(self.source).joined(separator: " + ")
        case .formatted(let inner, let format): "\(self.source(inner)), as a \(format.rawValue)"
        case .percentEncoded(let inner): "\(self.source(inner)), percent-encoded"
        case .queryParameter(let name, let inner):
            "the query parameter \(self.name(name)) of the URL that is \(self.source(inner))"
        case .first(let sources): first(sources)
        }
    }

    private static func first(_ sources: [ValueSource]) -> String {
        let shown = sources.prefix(3).map(source)
        let rest = sources.count - shown.count
        return "the first that is there of: " + shown.joined(separator: ", ")
            + (rest > 0 ? " and \(rest) more usual places" : "")
    }

    private static func page(_ value: ValueSource.PageValue) -> String {
        switch value {
        case .token: "what this page was asked for with"
        case .size: "the number of records asked for"
        case .index: "the number of pages before this one"
        case .count: "the number of the page's records"
        case .received: "the number of records so far"
        case .restart: "what the walk started again with"
        }
    }

    private static func text(of value: JSONValue) -> String {
        value.scalarText.map { MessageText.quoted($0) } ?? "…"
    }

    /// What ends a walk by a rule of the document.
    static func stop(_ rule: StopRule) -> String {
        let value = source(rule.source)
        return switch rule.test {
        case .empty: "when \(value) is missing, null or empty"
        case .isTrue: "when \(value) is true"
        case .isFalse: "when \(value) is false"
        case .zero: "when \(value) is 0"
        case .thisURL: "when \(value) leads to the page it stands on"
        case .equals(let other): "when \(value) equals \(source(other))"
        case .atLeast(let other): "when \(value) has reached \(source(other))"
        }
    }

    static func restart(_ plan: RestartPlan) -> String {
        let depths = [
            plan.afterRecords.map { count($0, "record") }, plan.afterPages.map { count($0, "page") },
        ].compactMap(\.self)
        return "after \(MessageText.alternatives(depths)) it starts again from page one, with \(source(plan.from)) in "
            + slot(plan.slot)
            + (plan.isInclusive ? "; records that come again with that very value are left out by their key" : "")
    }

    static func place(_ path: JSONPath) -> String { Sanitized.text(path.description, most: 120) }

    /// A literal, or what a reference refers to; a list in short.
    static func configured(_ value: JSONValue, under name: String) -> String {
        if let elements = value.array {
            return "[" + elements.map { configured($0, under: name) }.joined(separator: ", ") + "]"
        }
        if let parameter = value["param"]?.string { return "{\(Sanitized.text(parameter, most: 80))}" }
        if let variable = value["env"]?.string { return "(secret from environment variable \"\(variable)\")" }
        if value["file"] != nil { return "(secret from a file)" }
        if let inner = value["value"] { return configured(inner, under: name) + presence(value) }
        // An object else is a value source.
        guard let text = value.scalarText else {
            return value["page"] == nil ? "(a value of the response before)" : "(a value of the request itself)"
        }
        return soundsSecret(name) ? "(hidden)" : Sanitized.text(text, most: 80)
    }

    /// Which requests carry a field.
    private static func presence(_ field: JSONValue) -> String {
        let when =
            switch field["when"]?.string.flatMap({ RequestPlan.When(rawValue: $0) }) {
            case .firstPage: ", with the first page only"
            case .nextPages: ", with all pages but the first"
            case .always, nil: ""
            }
        return when + (field["omit_empty"]?.bool == true ? ", unless it is empty" : "")
    }

    /// Whether a literal under that name may be a credential. Better too often than once too seldom.
    private static func soundsSecret(_ name: String) -> Bool {
        let lowered = ASCII.lowercased(name)
        return ["auth", "cookie", "key", "token", "secret", "pass", "pwd", "sign", "sig", "credential", "session"]
            .contains { ASCII.contains(lowered, $0) }
    }
}
