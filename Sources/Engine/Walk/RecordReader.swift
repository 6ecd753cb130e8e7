/// Takes the records of a page: finds them, gives them their shape, leaves out what is filtered, and tells their keys.
///
/// Immutable; a class so that a walk, which is moved about by value with every page, stays small.
final class RecordReader: Sendable {
    /// Candidates, in their order. One when nothing else is said.
    let places: [JSONPath]
    /// The first of the places that is there counts, not all of them.
    private let takesFirst: Bool
    private let rules: RecordRules
    private let missingIsEmpty: Bool
    private let most: Int64
    /// Asked for in each record.
    private let fields: [JSONPath]
    private let filter: RecordFilter?
    private let key: [KeyPart]
    /// For records that the body's own scan knows no fields of.
    private let fieldScanner: JSONScanner?
    private let additions: [UInt8]
    /// The place of the field that incremental reading goes by, among `fields`.
    private let markField: Int?
    private let taken: TakenNames?

    private enum KeyPart: Sendable {
        case field(Int)
        /// The same in every record of the walk: it tells none apart.
        case added
    }

    init(
        places: [JSONPath], takesFirst: Bool = false, rules: RecordRules = RecordRules(), bound: [OverBinding] = [],
        missingIsEmpty: Bool, most: Int64 = .max
    ) throws(Failure) {
        self.places = places
        self.takesFirst = takesFirst
        self.rules = rules
        self.missingIsEmpty = missingIsEmpty
        self.most = most
        var fields: [JSONPath] = []
        rules.filter?.collectPaths(into: &fields)
        var key: [KeyPart] = []
        for path in rules.duplicates.isDropping ? rules.key : [] {
            if Self.isAdded(path, by: rules) {
                key.append(.added)
                continue
            }
            if !fields.contains(path) { fields.append(path) }
            key.append(.field(fields.firstIndex(of: path) ?? 0))
        }
        self.key = key
        if let path = rules.incremental?.field {
            if !fields.contains(path) { fields.append(path) }
            markField = fields.firstIndex(of: path)
        } else {
            markField = nil
        }
        self.fields = fields
        filter = rules.filter?.placed(in: fields)
        do {
            fieldScanner = rules.shape == nil || fields.isEmpty ? nil : try JSONScanner(fields.map { .value($0) })
        } catch {
            throw Failure(.config, "selectors: \(error.description)")
        }
        var writer = JSONWriter()
        writer.object { writer in
            for addition in rules.additions {
                writer.name(addition.name)
                switch addition.value {
                case .constant(let value): writer.value(value)
                case .parameter(let text): writer.string(text)
                case .over(let name):
                    let value = bound.last { $0.name == name }?.values.first
                    writer.literal(value?.json ?? "null")
                }
            }
        }
        additions = Array(writer.bytes.dropFirst().dropLast())
        taken = rules.additions.isEmpty ? nil : try TakenNames(rules.additions.map(\.name))
    }

    /// What the scan of the body is asked for.
    var targets: [JSONTarget] {
        var targets = places.map { JSONTarget.elements($0, fields: rules.shape == nil ? fields : []) }
        if case .rowsWithHeader(let names?)? = rules.shape { targets.append(.value(names)) }
        return targets
    }

    private var shown: String { places.map { "\"\($0)\"" }.joined(separator: takesFirst ? " or " : " and ") }

    func read(
        _ matches: JSONMatches, body: UnsafeRawBufferPointer, isFirstPage: Bool,
        into reading: inout PageReader.Reading, services: some Services
    ) throws(Failure) {
        let chosen = chosen(matches)
        if chosen.isEmpty { return try noteMissing(body, isFirstPage: isFirstPage, &reading) }
        var values: [JSONSpan] = []
        for target in chosen {
            for match in matches[target].values {
                switch match.kind {
                case .array, .object: values.append(match.span)
                case .null: reading.warnings.append("records: \"\(places[target])\" is null, taken as an empty page")
                case .bool, .number, .string:
                    throw Failure(
                        .data, "records: \"\(places[target])\" is \(match.kind.described), not a list or an object")
                }
            }
        }
        if let shape = rules.shape {
            try read(values, chosen, shape, matches, body, &reading, services)
            return
        }
        if chosen.count == 1, fields.isEmpty {
            reading.records = matches[chosen[0]].elements
            reading.note(endsOf: reading.records)
        } else {
            for target in chosen {
                let found = matches[target]
                reading.note(extentOf: found.elements)
                reading.note(endsOf: found.elements)
                try take(found.elements, of: body, into: &reading, services) { record, field in
                    found.field(field, of: record)?.bytes(in: body)
                }
                reading.count += found.elements.count
            }
            if reading.filtered > 0 { return }
        }
        if reading.count == 0 { reading.count = reading.records.count }
        if chosen.count == 1, values.count == 1, values[0].kind == .array { reading.recordArray = values[0] }
        reading.note(extentOf: reading.records)
    }

    private func chosen(_ matches: JSONMatches) -> [Int] {
        let there = places.indices.filter { !matches[$0].values.isEmpty }
        guard takesFirst else { return there }
        let filled = there.first { target in matches[target].values.contains { $0.kind != .null } }
        return [filled ?? there.first].compactMap { $0 }
    }

    /// Whether one of the places has more than null.
    func areThere(_ matches: JSONMatches) -> Bool {
        places.indices.contains { matches[$0].values.contains { $0.kind != .null } }
    }

    private func noteMissing(
        _ body: UnsafeRawBufferPointer, isFirstPage: Bool, _ reading: inout PageReader.Reading
    ) throws(Failure) {
        let tellsOfError = PageReader.tellsOfError(body)
        let mayBeMissing = missingIsEmpty || places.contains(where: \.matchesMany)
        // On the first page a selector that matches nothing is a mistake in the document; later a list that is
        // left out is how some APIs say "none", unless the body says that something went wrong.
        switch (mayBeMissing, isFirstPage) {
        case (true, false) where !tellsOfError: return
        case (true, true) where !tellsOfError:
            reading.warnings.append("records: \(shown) matches nothing on the first page")
        case (false, false) where !tellsOfError:
            reading.warnings.append("records: \(shown) is missing, taken as an empty page")
        default:
            throw Failure(
                .data, "records: \(shown) matches nothing in the response, which has \(PageReader.shape(body))")
        }
    }

    // MARK: shapes

    private func read(
        _ values: [JSONSpan], _ chosen: [Int], _ shape: RecordShape, _ matches: JSONMatches,
        _ body: UnsafeRawBufferPointer, _ reading: inout PageReader.Reading, _ services: some Services
    ) throws(Failure) {
        reading.note(extentOf: values)
        var values = values
        if let kind = shape.takes {
            // An empty map is an empty list to some languages.
            values.removeAll { $0.kind == .array && kind == .object && JSONParts.elements(of: $0, in: body).isEmpty }
            if let odd = values.first(where: { $0.kind != kind }) {
                throw RecordShape.wrong(
                    "\(shown) is \(odd.kind == .object ? "an object, not a list" : "a list, not an object"), which the shape needs"
                )
            }
        } else {
            values = chosen.flatMap { matches[$0].elements }
        }
        var names = matches[places.count].values.map(\.span)
        if names.count == 1, let one = names.first, one.kind == .array { names = JSONParts.elements(of: one, in: body) }
        switch try shape.shaped(values, names: names, in: body, most: most) {
        case .slices(let spans):
            reading.count = shape.countsParents ? values.count : spans.count
            reading.note(endsOf: shape.countsParents ? values : spans)
            try take(spans, of: body, into: &reading, services)
        case .written(let buffer):
            reading.count = shape.countsParents ? values.count : buffer.spans.count
            reading.bytes = buffer.bytes
            reading.note(endsOf: shape.countsParents ? values : buffer.spans, areWritten: !shape.countsParents)
            let failure = buffer.bytes.withUnsafeBytes { bytes -> Failure? in
                do throws(Failure) {
                    try take(buffer.spans, of: bytes, into: &reading, services)
                    return nil
                } catch { return error }
            }
            if let failure { throw failure }
        }
    }

    private func take(
        _ spans: [JSONSpan], of bytes: UnsafeRawBufferPointer, into reading: inout PageReader.Reading,
        _ services: some Services
    ) throws(Failure) {
        guard let fieldScanner else {
            reading.records += spans
            return
        }
        var (found, scanned) = (JSONMatches(), -1)
        try take(spans, of: bytes, into: &reading, services) { record, field in
            let own = spans[record].bytes(in: bytes)
            if record != scanned {
                // Proved with the body: it can't fail.
                _ = try? fieldScanner.scan(own, into: &found)
                scanned = record
            }
            return found[field].first?.bytes(in: own)
        }
    }

    // MARK: filter and keys

    private func take(
        _ spans: [JSONSpan], of bytes: UnsafeRawBufferPointer, into reading: inout PageReader.Reading,
        _ services: some Services, field: (_ record: Int, _ field: Int) -> UnsafeRawBufferPointer?
    ) throws(Failure) {
        reading.records.reserveCapacity(reading.records.count + spans.count)
        for record in spans.indices {
            if let filter, !filter.accepts(services: services, field: { field(record, $0) }) {
                reading.filtered += 1
                continue
            }
            reading.records.append(spans[record])
            if let markField {
                reading.marks.append(
                    field(record, markField).flatMap { rules.incremental?.mark($0, services: services) })
            }
            guard !key.isEmpty else { continue }
            reading.keys.append(
                RecordKey.fingerprint(key.count, services: services) { part in
                    switch key[part] {
                    case .field(let place): field(record, place)
                    case .added: RecordReader.added
                    }
                })
        }
    }

    /// The document gives the member itself: it is the same in all records of the walk.
    static func isAdded(_ path: JSONPath, by rules: RecordRules) -> Bool {
        guard case .member(let name)? = path.steps.first else { return false }
        return rules.additions.contains { $0.name == name }
    }

    private static let addedText: StaticString = "true"
    static var added: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: addedText.utf8Start, count: addedText.utf8CodeUnitCount)
    }

    // MARK: additions

    /// Writes the records anew with the members that the document adds.
    func addMembers(_ reading: inout PageReader.Reading, body: UnsafeRawBufferPointer) throws(Failure) {
        guard let taken, !reading.records.isEmpty else { return }
        var buffer = RecordBuffer(most: most)
        let failure = reading.withBytes(body) { bytes -> Failure? in
            do throws(Failure) {
                var found = JSONMatches()
                for (index, span) in reading.records.enumerated() {
                    let record = span.bytes(in: bytes)
                    if let name = taken.first(in: record, &found) {
                        throw RecordShape.wrong(
                            "record \(index) has a member \(MessageText.quoted(name)) already: \"add\" it under another name"
                        )
                    }
                    guard try buffer.add(record, members: additions) else {
                        throw RecordShape.wrong(
                            "record \(index) is \(span.kind.described), not an object: no member can be added to it")
                    }
                }
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
        reading.records = buffer.spans
        reading.bytes = buffer.bytes
        reading.recordArray = nil
    }
}

/// Where a record stands: in the body, or among those that were written anew.
struct RecordPlace: Sendable {
    let span: JSONSpan
    let isWritten: Bool

    func withBytes<R>(
        body: UnsafeRawBufferPointer, written: [UInt8]?, _ use: (UnsafeRawBufferPointer) -> R
    ) -> R {
        guard isWritten, let written else { return use(span.bytes(in: body)) }
        return written.withUnsafeBytes { use(span.bytes(in: $0)) }
    }
}

extension PageReader.Reading {
    /// What only handing over needs.
    mutating func forgetContent() {
        bytes = nil
        recordArray = nil
        keys = []
        (marks, sights) = ([], [:])
    }

    mutating func note(endsOf spans: [JSONSpan], areWritten: Bool = false) {
        guard let first = spans.first, let last = spans.last else { return }
        if self.first == nil { self.first = RecordPlace(span: first, isWritten: areWritten) }
        self.last = RecordPlace(span: last, isWritten: areWritten)
    }

    /// What the records' spans are about.
    func withBytes<R>(_ body: UnsafeRawBufferPointer, _ use: (UnsafeRawBufferPointer) -> R) -> R {
        guard let bytes else { return use(body) }
        return bytes.withUnsafeBytes(use)
    }

    /// The stretch of the body from the first to the last of them, besides what was noted before.
    mutating func note(extentOf spans: [JSONSpan]) {
        guard let first = spans.first, let last = spans.last else { return }
        let lower = min(extent?.lowerBound ?? .max, Int(first.start))
        extent = lower..<max(extent?.upperBound ?? 0, Int(last.end), lower)
    }
}
