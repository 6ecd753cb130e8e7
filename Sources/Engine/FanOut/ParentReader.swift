/// Takes from each record of a parent stream what its children's requests are made with. Made once per walk.
struct ParentReader: Sendable {
    /// What one record gives.
    enum Given: Sendable, Equatable {
        /// The key, then the carried fields.
        case values([OverValue])
        case unusable(record: Int, reason: String)
    }
    struct Plan: Sendable, Equatable {
        var key: JSONPath
        var carried: [OverPlan.Dimension.Carried]
    }

    private let plan: Plan
    private let scanner: JSONScanner

    init(_ plan: Plan) throws(Failure) {
        self.plan = plan
        do {
            scanner = try JSONScanner(([plan.key] + plan.carried.map(\.path)).map { .value($0) })
        } catch {
            throw Failure(.config, "over: \(error.description)")
        }
    }

    func read(_ records: [JSONSpan], in body: UnsafeRawBufferPointer, services: some Services) -> [Given] {
        var matches = JSONMatches()
        return records.indices.map { index in
            let record = records[index].bytes(in: body)
            guard (try? scanner.scan(record, into: &matches)) != nil else {
                return .unusable(record: index, reason: "can't be read")
            }
            func value(_ target: Int) -> OverValue? {
                matches[target].first.flatMap { ParentReader.value($0, in: record, services) }
            }
            guard let key = value(0) else { return .unusable(record: index, reason: "has no \"\(plan.key)\"") }
            guard let text = key.text else {
                let kind = matches[0].first?.kind ?? .null
                return .unusable(record: index, reason: "\"\(plan.key)\" is \(kind), not a text or number")
            }
            if text.isEmpty { return .unusable(record: index, reason: "\"\(plan.key)\" is an empty text") }
            let carried = plan.carried.enumerated().map { index, carried in
                let found = value(index + 1)
                return (carried.piece.map { $0.cut(out: found) } ?? found) ?? OverValue(json: "null", text: nil)
            }
            return .values([key] + carried)
        }
    }

    private static func value(
        _ span: JSONSpan, in record: UnsafeRawBufferPointer, _ services: some Services
    ) -> OverValue? {
        let json = span.text(in: record)
        switch span.kind {
        case .number: return OverValue(json: json, text: json)
        case .string: return OverValue(json: json, text: services.decode(span.bytes(in: record))?.string)
        case .null, .bool, .array, .object: return OverValue(json: json, text: nil)
        }
    }
}

extension OverPlan.Dimension.Piece {
    /// Nil when there are not so many.
    func cut(out value: OverValue?) -> OverValue? {
        guard let text = value?.text else { return nil }
        let pieces = ASCII.pieces(of: text, between: separator)
        let place = index < 0 ? Int64(pieces.count) + index : index
        guard place >= 0, place < Int64(pieces.count) else { return nil }
        return OverValue(.string(pieces[Int(place)]))
    }
}
