/// What makes a record the same in another run: its key, and its content whatever the order of members and the space
/// between them.
public struct RecordIdentity: Sendable {
    private let scanner: JSONScanner
    private let count: Int

    public init(_ rules: RecordRules) throws(Failure) {
        count = rules.key.count
        do {
            scanner = try JSONScanner(rules.key.map { .value($0) })
        } catch {
            throw Failure(.config, "key: \(error.description)")
        }
    }

    /// Nil for a record without a key.
    ///
    /// - Parameter record: As it is handed over: one JSON value, proved.
    public func of(
        _ record: UnsafeRawBufferPointer, services: some Services
    ) -> (key: Fingerprint, content: Fingerprint)? {
        var matches = JSONMatches()
        guard let first = record.first, (try? scanner.scan(record, into: &matches)) != nil,
            let key = RecordKey.fingerprint(
                count, services: services, part: { part in matches[part].first?.bytes(in: record) })
        else { return nil }
        let whole = JSONSpan(0, record.count, firstByte: first)
        return (key, Self.content(of: whole, in: record, services: services))
    }

    /// Of an object the sum over its members, which has no order. Numbers and texts count as they are written.
    static func content(
        of span: JSONSpan, in record: UnsafeRawBufferPointer, services: some Services
    ) -> Fingerprint {
        switch span.kind {
        case .object:
            var sum = Fingerprint(low: 0, high: 0)
            for member in JSONParts.members(of: span, in: record) {
                let name = services.fingerprint(member.name.bytes(in: record))
                let value = content(of: member.value, in: record, services: services)
                let both = joined([name, value], tag: 1, services: services)
                let (low, carry) = sum.low.addingReportingOverflow(both.low)
                sum = Fingerprint(low: low, high: sum.high &+ both.high &+ (carry ? 1 : 0))
            }
            return joined([sum], tag: 2, services: services)
        case .array:
            let elements = JSONParts.elements(of: span, in: record)
            return joined(
                elements.map { content(of: $0, in: record, services: services) }, tag: 3, services: services)
        case .null, .bool, .number, .string: return services.fingerprint(span.bytes(in: record))
        }
    }

    private static func joined(_ parts: [Fingerprint], tag: UInt64, services: some Services) -> Fingerprint {
        var words = [tag]
        for part in parts { words += [part.low, part.high] }
        return words.withUnsafeBytes { services.fingerprint($0) }
    }
}
