/// A document's error rules, made ready for the responses of a walk.
struct ErrorRules: Sendable {
    private let rules: [ErrorRule]
    /// What any rule looks at in a body.
    private let paths: [JSONPath]
    private let scanner: JSONScanner?

    /// A rule that fits an answer, and what it found there.
    struct Ruling: Sendable {
        let rule: ErrorRule
        let wait: Timespan?
        /// The API's own.
        let message: String?
        var action: ErrorRule.Action { rule.action }
    }

    /// Nil when there are none.
    init?(_ rules: [ErrorRule]) throws(Failure) {
        if rules.isEmpty { return nil }
        self.rules = rules
        var paths: [JSONPath] = []
        for rule in rules {
            var own = [rule.body?.path, rule.message].compactMap(\.self)
            for case .body(let path) in rule.waits.map(\.place) { own.append(path) }
            for path in own where !paths.contains(path) { paths.append(path) }
        }
        self.paths = paths
        do {
            scanner = paths.isEmpty ? nil : try JSONScanner(paths.map { .value($0) })
        } catch {
            throw Failure(.config, "error rules: \(error.description)")
        }
    }

    /// The first rule that fits.
    func ruling(on head: ResponseHead, body: UnsafeRawBufferPointer, services: some Services) -> Ruling? {
        var answer = Answer(rules: self, head: head, body: body)
        for rule in rules {
            guard rule.isAbout(status: head.status) else { continue }
            if let test = rule.header {
                let value = head.headers.first(test.name)
                guard test.condition.holds(ofText: value) else { continue }
            }
            if let text = rule.text, !Self.contains(body, text) { continue }
            if let test = rule.body {
                let values = answer.values(at: test.path)
                guard test.condition.holds(of: values, in: body, services: services) else { continue }
            }
            let message = rule.message.flatMap { answer.values(at: $0).first }
                .map { Self.shown($0.bytes(in: body), services) }
            return Ruling(rule: rule, wait: answer.wait(rule.waits, services: services), message: message)
        }
        return nil
    }

    /// The body is scanned when the first rule asks for something in it, and once.
    private struct Answer {
        let rules: ErrorRules
        let head: ResponseHead
        let body: UnsafeRawBufferPointer
        private var matches: JSONMatches?

        init(rules: ErrorRules, head: ResponseHead, body: UnsafeRawBufferPointer) {
            self.rules = rules
            self.head = head
            self.body = body
        }

        /// Nothing where the body is no JSON.
        mutating func values(at path: JSONPath) -> [JSONSpan] {
            guard let scanner = rules.scanner, let target = rules.paths.firstIndex(of: path) else { return [] }
            if let matches { return matches[target].values.map(\.span) }
            var found = JSONMatches()
            try? scanner.scan(body, into: &found)
            matches = found
            return found[target].values.map(\.span)
        }

        mutating func wait(_ waits: [ErrorRule.Wait], services: some Services) -> Timespan? {
            for wait in waits {
                let text: String?
                let now = RateLimitFeedback.reference(
                    head.headers, now: WallTime(epochSeconds: head.receivedAtEpoch))
                switch wait.place {
                case .fixed(let span): return span
                case .midnight:
                    let day: Int64 = 86_400
                    let span = Timespan.seconds(day - (now.seconds % day + day) % day)
                    return min(max(span, wait.least), wait.most)
                case .header(let name): text = head.headers.first(name)
                case .body(let path):
                    text = values(at: path).first.flatMap { services.decode($0.bytes(in: body)) }?.scalarText
                }
                guard let text, let span = ResetText.parse(text, wait.unit, now: now) else { continue }
                return min(max(span, wait.least), wait.most)
            }
            return nil
        }
    }

    private static func shown(_ value: UnsafeRawBufferPointer, _ services: some Services) -> String {
        services.decode(value)?.string ?? String(decoding: value, as: UTF8.self)
    }

    /// Byte for byte.
    static func contains(_ body: some RandomAccessCollection<UInt8>, _ text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard let first = wanted.first else { return true }
        var rest = body[...]
        while let start = rest.firstIndex(of: first) {
            rest = rest[start...]
            if rest.starts(with: wanted) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}

extension ErrorRule {
    func isAbout(status: Int) -> Bool {
        let isSuccess = (200..<300).contains(status)
        if isSuccess, includesSuccess { return true }
        guard let statuses else { return !isSuccess }
        return statuses.contains { $0.contains(status) }
    }
}

extension ErrorRule.Condition {
    func holds(ofText text: String?) -> Bool {
        switch self {
        case .exists(let wanted): return (text != nil) == wanted
        case .contains(let part): return text.map { ErrorRules.contains(Array($0.utf8), part) } ?? false
        case .equals(let operands):
            return operands.contains { operand in
                switch operand {
                case .text(let wanted), .parameter(let wanted): text == wanted
                case .number(let wanted):
                    text.flatMap { ExactNumber($0) }.map { $0 == ExactNumber(wanted) } ?? false
                case .bool(let flag): text == (flag ? "true" : "false")
                case .null: false
                }
            }
        }
    }

    func holds(of values: [JSONSpan], in body: UnsafeRawBufferPointer, services: some Services) -> Bool {
        switch self {
        case .exists(let wanted): return values.isEmpty != wanted
        case .contains(let part):
            return values.contains { value in
                value.kind == .string
                    && Operand.withText(of: value.bytes(in: body), services: services) {
                        ErrorRules.contains($0, part)
                    }
            }
        case .equals(let operands):
            return values.contains { value in
                let bytes = value.bytes(in: body)
                return operands.contains { $0.order(of: bytes, services: services) == .same }
            }
        }
    }
}

extension RateLimitFeedback {
    /// What a document's rule says goes before what the response looks like.
    mutating func obey(_ ruling: ErrorRules.Ruling) {
        guard ruling.action == .rateLimited else { return }
        throttled = true
        if let wait = ruling.wait { retryAfter = wait }
    }
}

extension Failure {
    /// A response that a rule of the document calls an error.
    init(
        ruling: ErrorRules.Ruling, head: ResponseHead, body: UnsafeRawBufferPointer, feedback: RateLimitFeedback,
        secrets: [Secret]
    ) {
        self.init(head: head, body: body, feedback: feedback, secrets: secrets)
        if let message = ruling.message {
            self.message = "HTTP \(head.status): \(Sanitized.text(Redaction.text(message, secrets), most: 300))"
        }
        self.message += " (error rule \(ruling.rule.pointer))"
        pointer = ruling.rule.pointer
    }
}
