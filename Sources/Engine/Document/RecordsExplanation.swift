/// What becomes of a stream's records, and what answers mean, in plain words.
struct RecordsExplanation {
    let stream: Stream

    /// Where they are.
    var place: String {
        let rest =
            "each element of a list, or an object as one record; "
            + (stream.missingRecordsAreEmpty
                ? "a body without it is an empty page" : "a first page without it is an error")
        return switch stream.records {
        case .detect:
            "found in the first response: a bare list, else \"data\", \"results\", \"items\", \"records\" or the "
                + "stream's own name, else the only list, else the object as one record"
        case .path(let path): "\(path.steps.isEmpty ? "the whole body" : Words.place(path)): \(rest)"
        case .first(let paths): "the first that is there of \(places(paths)): \(rest)"
        case .union(let paths): "\(places(paths)), one after the other: \(rest)"
        }
    }

    private func places(_ paths: [JSONPath]) -> String { MessageText.list(paths.map { "\"\(Words.place($0))\"" }) }

    /// Sentences in the order of what happens.
    var changes: [String] {
        [stream.rules.shape.map(shape), stream.rules.filter.map { "only those are handed over with \(filter($0))" }]
            .compactMap(\.self)
            + stream.rules.additions.map { addition in
                let what =
                    switch addition.value {
                    case .constant: "a fixed value"
                    case .parameter: "a parameter"
                    case .over(let name): "the value \(Words.name(name)) that the walk is made for"
                    }
                return "each is given \(Words.name(addition.name)), \(what); one that has it already is an error"
            }
    }

    private func shape(_ shape: RecordShape) -> String {
        switch shape {
        case .objectMap(let key, let value):
            "the values of that object are the records"
                + (value.map { ", each in \(Words.name($0)) of a new object" } ?? "")
                + (key.map { ", with their name in \(Words.name($0))" } ?? "")
        case .scalars(let field): "each element goes into \(Words.name(field)) of a new object"
        case .rowsWithHeader(let names):
            "each list in that list is a record; the names are "
                + (names.map { "at \(Words.place($0)) in the body" } ?? "the first of them")
        case .columns: "the lists in that object are columns: one record for each place in them"
        case .explode(let path, let carried):
            "the children of each record at \(Words.place(path)) are the records; stop rules count the parents"
                + carried.map { ", with \(Words.place($0.path)) of the parent as \(Words.name($0.name))" }.joined()
        }
    }

    private func filter(_ filter: RecordFilter) -> String {
        switch filter {
        case .all(let parts): parts.count == 1 ? self.filter(parts[0]) : joined(parts, " and ")
        case .any(let parts): parts.count == 1 ? self.filter(parts[0]) : joined(parts, " or ")
        case .not(let part): "not (\(self.filter(part)))"
        case .test(let test): condition(test)
        }
    }

    private func joined(_ parts: [RecordFilter], _ word: String) -> String {
        "(" + parts.map { filter($0) }.joined(separator: word) + ")"
    }

    private func condition(_ test: RecordFilter.Test) -> String {
        let values = test.operands.prefix(5).map(Words.operand).joined(separator: ", ")
        let more = test.operands.count > 5 ? " and \(test.operands.count - 5) more" : ""
        return switch test.comparison {
        case .exists: "\(Words.place(test.path)) there"
        case .oneOf: "\(Words.place(test.path)) one of \(values)\(more)"
        default: "\(Words.place(test.path)) \(test.comparison.rawValue) \(values)"
        }
    }

    var key: String? {
        guard !stream.rules.key.isEmpty else { return nil }
        let names = MessageText.list(stream.rules.key.map(Words.place))
        let tells =
            stream.rules.key.count == 1 ? "\(names) tells records apart" : "\(names) together tell records apart"
        let plan = stream.rules.duplicates
        guard plan.isDropping else { return tells }
        return tells
            + "; of those that come twice in a walk the first is handed over; \(plan.maxKeys) keys are remembered, "
            + (plan.failsWhenFull ? "more are an error" : "then the older half is forgotten")
    }

    static func errors(_ rules: [ErrorRule]) -> [String] {
        rules.map { rule in
            var conditions: [String] = []
            if let statuses = rule.statuses {
                let all = statuses.map { $0.count == 1 ? String($0.lowerBound) : "\($0.lowerBound / 100)xx" }
                conditions.append("HTTP \(MessageText.alternatives(all))" + (rule.includesSuccess ? " or 2xx" : ""))
            } else {
                conditions.append(rule.includesSuccess ? "any status" : "any status but 2xx")
            }
            if let test = rule.header {
                conditions.append("the header \(Words.name(test.name)) \(words(test.condition))")
            }
            if let text = rule.text { conditions.append("the text \(Words.name(text)) in the body") }
            if let test = rule.body {
                conditions.append("\(Words.place(test.path)) in the body \(words(test.condition))")
            }
            let meaning =
                switch rule.action {
                case .retry: "tried again"
                case .rateLimited: "a limit: everybody waits, then it is tried again"
                case .ignore: "an empty page"
                case .fail: "an error"
                case .renewAuth: "a token that is no good: once more with a new one"
                case .end: "the end of the walk"
                case .startOver: "a cursor that has expired: from page one, without what came before"
                }
            return "\(conditions.joined(separator: " with ")): \(meaning)"
        }
    }

    private static func words(_ condition: ErrorRule.Condition) -> String {
        switch condition {
        case .exists(let wanted): wanted ? "there" : "missing"
        case .contains(let text): "with \(Words.name(text)) in it"
        case .equals(let operands): "= " + MessageText.alternatives(operands.map(Words.operand))
        }
    }
}

extension Words {
    static func operand(_ operand: Operand) -> String {
        switch operand {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let text): Sanitized.text(text, most: 40)
        case .text(let text): MessageText.quoted(text)
        case .parameter: "a parameter"
        }
    }
}
