/// Looks up the leaves of value sources in a response. Made once per walk: the scanner's targets, and a scanner for
/// fields of records.
struct ResponseReader: Sendable {
    /// What one response gives.
    struct Response {
        let body: UnsafeRawBufferPointer
        let head: ResponseHead
        let request: RequestValues
        let matches: JSONMatches
        let first: RecordPlace?
        let last: RecordPlace?
        /// Where the document asks for changes to records.
        let written: [UInt8]?
        /// Records.
        let count: Int
    }

    /// For the scanner, behind those of the records.
    let targets: [JSONTarget]
    private let firstTarget: Int
    private let paths: [JSONPath]
    private let lists: [JSONTarget]
    private let recordPaths: [JSONPath]
    private let recordScanner: JSONScanner?

    /// - Parameter firstTarget: How many targets the records have.
    init(_ sources: [ValueSource], behind firstTarget: Int = 1) throws(Failure) {
        self.firstTarget = firstTarget
        var paths: [JSONPath] = []
        var lists: [JSONTarget] = []
        var recordPaths: [JSONPath] = []
        for leaf in sources.flatMap(\.leaves) {
            switch leaf {
            case .body(let path): if !paths.contains(path) { paths.append(path) }
            case .find(let path, let conditions, let take):
                let list = ResponseReader.target(path, conditions, take)
                if !lists.contains(list) { lists.append(list) }
            case .firstRecord(let path), .lastRecord(let path):
                if !recordPaths.contains(path) { recordPaths.append(path) }
            default: break
            }
        }
        self.paths = paths
        self.lists = lists
        self.recordPaths = recordPaths
        targets = paths.map { .value($0) } + lists
        do {
            recordScanner = recordPaths.isEmpty ? nil : try JSONScanner(recordPaths.map { .value($0) })
        } catch {
            throw Failure(.config, "selectors: \(error.description)")
        }
    }

    private static func target(
        _ list: JSONPath, _ conditions: [ValueSource.Condition], _ take: JSONPath
    ) -> JSONTarget {
        .elements(list, fields: conditions.map(\.field) + [take])
    }

    func value(
        _ source: ValueSource?, _ response: Response, _ services: some Services
    ) throws(Failure) -> Extracted? {
        guard let source else { return nil }
        return try source.value { leaf throws(Failure) in self.leaf(leaf, response, services) }
    }

    func leaf(_ source: ValueSource, _ response: Response, _ services: some Services) -> Extracted? {
        switch source {
        case .body(let path):
            guard let target = paths.firstIndex(of: path), let span = response.matches[target + firstTarget].first
            else {
                return nil
            }
            return ResponseReader.extract(span, in: response.body, services)
        case .header(let name):
            return response.head.headers.first(name).map { Extracted(text: $0) }
        case .link(let relation, let attribute):
            let lines = response.head.headers.all("link")
            guard !lines.isEmpty, let link = LinkHeader(lines).first(relation) else { return nil }
            guard let attribute else { return Extracted(text: link.target) }
            // Names are in lower case there.
            return link.attribute(ASCII.lowercased(attribute)).map { Extracted(text: $0) }
        case .firstRecord(let path): return field(path, of: response.first, response, services)
        case .lastRecord(let path): return field(path, of: response.last, response, services)
        case .find(let path, let conditions, let take):
            let target = ResponseReader.target(path, conditions, take)
            guard let index = lists.firstIndex(of: target) else { return nil }
            return find(conditions, response.matches[firstTarget + paths.count + index], response, services)
        case .page(let value):
            return response.request.page(value, count: Int64(response.count))
        default: return nil
        }
    }

    private func field(
        _ path: JSONPath, of record: RecordPlace?, _ response: Response, _ services: some Services
    ) -> Extracted? {
        guard let record, let index = recordPaths.firstIndex(of: path), let recordScanner else { return nil }
        return record.withBytes(body: response.body, written: response.written) { bytes in
            var found = JSONMatches()
            guard (try? recordScanner.scan(bytes, into: &found)) != nil, let field = found[index].first else {
                return nil
            }
            return ResponseReader.extract(field, in: bytes, services)
        }
    }

    private func find(
        _ conditions: [ValueSource.Condition], _ list: JSONMatches.Found, _ response: Response,
        _ services: some Services
    ) -> Extracted? {
        for element in list.elements.indices {
            let fits = conditions.indices.allSatisfy { index in
                let value = conditions[index].value
                guard let span = list.field(index, of: element),
                    let found = ResponseReader.extract(span, in: response.body, services)
                else { return false }
                return found.isSame(as: Extracted(value: value, text: value.scalarText))
            }
            if fits {
                return list.field(conditions.count, of: element).flatMap {
                    ResponseReader.extract($0, in: response.body, services)
                }
            }
        }
        return nil
    }

    private static func extract(
        _ span: JSONSpan, in body: UnsafeRawBufferPointer, _ services: some Services
    ) -> Extracted? {
        guard let value = services.decode(span.bytes(in: body)) else { return nil }
        switch value {
        case .string(let text): return Extracted(value: value, text: text)
        case .int, .real, .number: return Extracted(value: value, text: span.text(in: body))
        default: return Extracted(value: value, text: nil)
        }
    }
}

extension StopRule {
    /// Nil: nothing there that the test could be made on.
    func holds(
        url: WebURL, _ value: (ValueSource) throws(Failure) -> Extracted?
    ) throws(Failure) -> Bool? {
        let found = try value(source)
        if case .empty = test { return found?.isEmpty ?? true }
        guard let found, !found.isNull else { return nil }
        switch test {
        case .empty: return found.isEmpty
        case .isTrue: return found.isSame(as: Extracted(text: "true"))
        case .isFalse: return found.isSame(as: Extracted(text: "false"))
        case .zero: return found.integer == 0
        case .thisURL:
            guard let text = found.text, let target = try? url.resolving(text) else { return nil }
            return target.normalized == url.normalized
        case .equals(let other): return try value(other).map { found.isSame(as: $0) }
        case .atLeast(let other):
            guard let bound = try value(other)?.integer, let number = found.integer else { return nil }
            return number >= bound
        }
    }
}

extension Extracted {
    /// Null, an empty text, list or object.
    fileprivate var isEmpty: Bool {
        switch value {
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: saysNothing
        }
    }
}
