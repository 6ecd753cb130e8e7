extension DocumentParser {
    static func errorRules(_ place: DocumentPlace?) throws(Failure) -> [ErrorRule] {
        var rules: [ErrorRule] = []
        for element in place?.value.array == nil ? [] : place?.elements ?? [] { rules.append(try errorRule(element)) }
        return rules
    }

    static func check(_ rules: [ErrorRule], of source: Source) throws(Failure) {
        guard source.tokens.isEmpty, let rule = rules.first(where: { $0.action == .renewAuth }) else { return }
        let pointer = rule.pointer + "/action"
        throw Failure(
            .config, "at \(pointer): \"renew_auth\" needs credentials that are tokens, and the source has none",
            pointer: pointer)
    }

    private static func errorRule(_ place: DocumentPlace) throws(Failure) -> ErrorRule {
        guard let action = place["action"]?.value.string.flatMap(ErrorRule.Action.init) else {
            throw (place["action"] ?? place).failure("unknown action")
        }
        var rule = ErrorRule(action: action, pointer: place.pointer.text)
        rule.statuses = place["status"]?.elements.compactMap { status -> ClosedRange<Int>? in
            if let one = status.value.int.map({ Int(clamping: $0) }) { return one...one }
            guard let first = status.value.string?.utf8.first.map({ Int($0) - 0x30 }) else { return nil }
            return (first * 100)...(first * 100 + 99)
        }
        rule.includesSuccess = place["also_on_2xx"]?.value.bool ?? false
        if let body = place["body"], let path = body["path"].flatMap(jsonPath) {
            rule.body = .init(path: path, condition: try condition(body))
        }
        rule.text = place["text_contains"]?.value.string
        if let header = place["header"] {
            rule.header = .init(name: header["name"]?.value.string ?? "", condition: try condition(header))
        }
        rule.message = place["message"]?["body"].flatMap(jsonPath)
        if let wait = place["wait"] {
            guard action == .retry || action == .rateLimited else {
                throw wait.failure("\"\(action.rawValue)\" does not wait")
            }
            for element in wait.elements { rule.waits.append(try self.wait(element)) }
        }
        return rule
    }

    private static func condition(_ place: DocumentPlace) throws(Failure) -> ErrorRule.Condition {
        if let text = place["contains"]?.value.string { return .contains(text) }
        if let flag = place["exists"]?.value.bool { return .exists(flag) }
        return .equals((place["="]?.elements ?? []).compactMap { Operand($0.value) })
    }

    private static func wait(_ place: DocumentPlace) throws(Failure) -> ErrorRule.Wait {
        if let span = place.value.string.flatMap(DurationText.parse) { return .init(place: .fixed(span)) }
        var wait: ErrorRule.Wait
        if let header = place["header"]?.value.string {
            wait = .init(place: .header(header))
        } else if let path = place["body"].flatMap(jsonPath) {
            wait = .init(place: .body(path))
        } else if place["until"] != nil {
            wait = .init(place: .midnight)
        } else {
            throw place.failure("expected a wait")
        }
        if let unit = place["unit"]?.value.string.flatMap(ResetFormat.init) { wait.unit = unit }
        if let least = place["min"]?.value.string.flatMap(DurationText.parse) { wait.least = least }
        if let most = place["max"]?.value.string.flatMap(DurationText.parse) { wait.most = most }
        guard wait.least <= wait.most else { throw (place["min"] ?? place).failure("\"min\" is above \"max\"") }
        return wait
    }
}
