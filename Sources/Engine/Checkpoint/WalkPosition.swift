/// Where a walk over one list of pages stands.
struct WalkPosition: Sendable {
    /// Of the page that comes next.
    var index: UInt64 = 0
    /// What it is asked for with.
    var token: PageToken?
    var isOver = false
    var standing = Paging.Standing()
    /// What the response before gave for its request.
    var carried: [Extracted?] = []
    /// What the first page showed; nil while it is still to be found.
    var found: Found?
    /// Counters of pages that lie ahead and were handed over already (order "any").
    var handed: [Int64] = []
    /// Stands for the first page's records where the next page may be that page once more.
    var doubtful: StableHash?
    /// Where the API gives no deeper pages: since the walk started from page one.
    var round: Restarts.Standing?
    /// The page that came first after the walk started over; 0: it never did.
    var startedOverAt: UInt64 = 0
    /// What was seen of the window.
    var window: WindowWatch.Standing?

    /// A class, since it is the same for all pages of a walk.
    final class Found: Sendable {
        let paging: PagingPlan
        let records: JSONPath
        init(paging: PagingPlan, records: JSONPath) {
            self.paging = paging
            self.records = records
        }
    }

    // MARK: writing

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("page", index)
            if let token {
                writer.name("token")
                token.write(to: &writer)
            }
            if isOver {
                writer.name("end")
                writer.bool(true)
            }
            writer.name("counts")
            standing.write(to: &writer)
            if !carried.isEmpty {
                writer.name("carried")
                writer.array { list in for value in carried { Self.write(value, to: &list) } }
            }
            if let found {
                writer.name("found")
                found.write(to: &writer)
            }
            if !handed.isEmpty {
                writer.name("handed")
                writer.array { list in for counter in handed { list.int(counter) } }
            }
            writer.member("first", doubtful?.hex)
            if startedOverAt > 0 { writer.member("over_at", startedOverAt) }
            if let round {
                writer.name("round")
                round.write(to: &writer)
            }
            guard let window else { return }
            writer.name("window")
            window.write(to: &writer)
        }
    }

    private static func write(_ value: Extracted?, to writer: inout JSONWriter) {
        guard let value else { return writer.null() }
        writer.object { writer in
            // A number goes on as it stood: 1.10 is not 1.1.
            if value.value.kind == .number, let text = value.text {
                writer.member("number", text)
            } else {
                writer.name("value")
                writer.value(value.value)
            }
        }
    }

    // MARK: reading

    /// What no walk reaches, and far from where sums overflow.
    static let mostCount: Int64 = 1 << 53

    init() {}

    init(_ value: JSONValue) throws(CheckpointProblem) {
        guard let page = value["page"]?.int, (0...Self.mostCount).contains(page) else { throw .malformed("page") }
        index = UInt64(page)
        if let token = value["token"] { self.token = try PageToken(checkpoint: token) }
        isOver = value["end"]?.bool ?? false
        guard let counts = value["counts"] else { throw .malformed("counts") }
        standing = try Paging.Standing(counts)
        for element in value["carried"]?.array ?? [] {
            if element.isNull {
                carried.append(nil)
            } else if let text = element["number"]?.string {
                guard let number = JSONValue(number: text) else { throw .malformed("carried") }
                carried.append(Extracted(value: number, text: text))
            } else if let value = element["value"] {
                carried.append(Extracted(value: value, text: value.string))
            } else {
                throw .malformed("carried")
            }
        }
        if let found = value["found"] { self.found = try Found(found) }
        for element in value["handed"]?.array ?? [] {
            guard let counter = element.int else { throw .malformed("handed") }
            handed.append(counter)
        }
        if let text = value["first"]?.string {
            guard let hash = StableHash(hex: text) else { throw .malformed("first") }
            doubtful = hash
        }
        if let page = value["over_at"] {
            guard let page = page.int, page >= 0, UInt64(page) <= index else { throw .malformed("over_at") }
            startedOverAt = UInt64(page)
        }
        if let round = value["round"] { self.round = try Restarts.Standing(round) }
        if let window = value["window"] { self.window = try WindowWatch.Standing(window) }
    }
}

/// Why a text is no checkpoint.
struct CheckpointProblem: Error, Equatable {
    let reason: String
    static func malformed(_ name: String) -> CheckpointProblem {
        CheckpointProblem(reason: "\"\(name)\" is not what a checkpoint has there")
    }
}

extension StableHash {
    init?(hex: String) {
        guard hex.utf8.count == 16, let number = UInt64(hex, radix: 16) else { return nil }
        self.init(raw: number)
    }
}

extension PageToken {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            switch self {
            case .counter(let number): writer.member("counter", number)
            case .text(let text): writer.member("text", text)
            case .number(let text): writer.member("number", text)
            case .url(let url): writer.member("url", url.text)
            }
        }
    }

    init(checkpoint value: JSONValue) throws(CheckpointProblem) {
        if let counter = value["counter"]?.int {
            self = .counter(counter)
        } else if let text = value["text"]?.string {
            self = .text(text)
        } else if let text = value["number"]?.string, JSONValue(number: text) != nil {
            self = .number(text)
        } else if let text = value["url"]?.string, let url = try? WebURL(text) {
            self = .url(url)
        } else {
            throw .malformed("token")
        }
    }
}
