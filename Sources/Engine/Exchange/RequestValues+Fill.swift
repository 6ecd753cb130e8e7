/// What a request's texts are filled in with.
struct Filling {
    let values: RequestValues
    /// What `values.carried` are the values of.
    let carried: [ValueSource]
    var isFirst: Bool { values.index == 0 }

    struct Filled {
        var text: ConfigText
        /// Of a text that is one place and nothing else.
        var value: Extracted?
        /// No place in it is without a value.
        var isWhole: Bool
        /// It is one place and nothing else.
        var isPlace = false

        var isEmpty: Bool { !isWhole || text.reveal().isEmpty }
    }

    func leaf(_ source: ValueSource) -> Extracted? {
        if case .page(let value) = source { return values.page(value, count: 0) }
        guard let index = carried.firstIndex(of: source), values.carried.indices.contains(index) else { return nil }
        return values.carried[index]
    }

    func value(_ source: ValueSource) throws(Failure) -> Extracted? {
        try source.value { leaf throws(Failure) in self.leaf(leaf) }
    }

    /// Whether a field goes with this page's request.
    func wants(_ when: RequestPlan.When) -> Bool {
        switch when {
        case .always: true
        case .firstPage: isFirst
        case .nextPages: !isFirst
        }
    }

    func fill(_ text: ConfigText) throws(Failure) -> Filled {
        guard case .template(let template) = text else { return Filled(text: text, isWhole: true) }
        return try fill(template)
    }

    func fill(_ template: TextTemplate) throws(Failure) -> Filled {
        var filled = ""
        var isWhole = true
        var only: Extracted?
        for piece in template.pieces {
            switch piece {
            case .text(let text): filled += text
            case .secret(let secret): filled += secret.reveal()
            case .value(let source):
                only = try value(source)
                if let found = only, !found.isNull {
                    guard let text = found.scalarText else {
                        throw Failure(.data, "\(source.described) is \(found.described), not a text or number")
                    }
                    filled += text
                } else {
                    isWhole = false
                }
            }
        }
        let isPlace = template.pieces.count == 1
        return Filled(
            text: template.secrets.isEmpty ? .plain(filled) : .secret(Secret(filled)), value: isPlace ? only : nil,
            isWhole: isWhole, isPlace: isPlace && !template.sources.isEmpty)
    }

    /// Nil: it is left out. A value that the response before should have given and did not is an error, since without
    /// it the request asks for something else; on the first page there is no response before.
    func fill(_ item: RequestPlan.NamedText, what: @autoclosure () -> String) throws(Failure) -> ConfigText? {
        guard wants(item.when) else { return nil }
        let filled = try fill(item.value)
        if item.omitsEmpty, filled.isEmpty { return nil }
        if !filled.isWhole {
            if !isFirst { throw missing(what(), item.value.sources) }
            if filled.isPlace { return nil }
        }
        return filled.text
    }

    func fill(_ template: JSONTemplate, what: @autoclosure () -> String) throws(Failure) -> JSONValue {
        switch template {
        case .fixed(let value): return value
        case .text(let text):
            let filled = try fill(text)
            if !filled.isWhole, !isFirst { throw missing(what(), text.sources) }
            guard filled.isPlace else { return .string(filled.text.reveal()) }
            guard let found = filled.value else { return .null }
            if case .real = found.value, let text = found.text { return .number(text) }
            return found.value
        case .array(let elements):
            var values: [JSONValue] = []
            for element in elements { values.append(try fill(element, what: what())) }
            return .array(values)
        case .object(let members):
            var values: [JSONValue.Member] = []
            for member in members {
                values.append(.init(name: member.name, value: try fill(member.value, what: what())))
            }
            return .object(values)
        }
    }

    private func missing(_ what: String, _ sources: [ValueSource]) -> Failure {
        let gone = sources.first { (try? value($0)).flatMap { $0 } == nil }?.described ?? "a value"
        return Failure(
            .data,
            "\(what): \(gone) was not in the response before (say \"default\" or \"omit_empty\" if it may be missing)")
    }
}
