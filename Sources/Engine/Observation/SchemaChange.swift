/// How a stream's schema is not what the run before saw.
public struct SchemaChange: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// A field that was not there.
        case new
        /// A field that is not there any more.
        case gone
        /// Values of another type.
        case type
        /// More values, or fewer, are null or not there.
        case nullShare = "null_share"
    }

    public let kind: Kind
    public let path: String
    let typesBefore: [FieldType]
    let typesNow: [FieldType]
    /// Of what could have a value, how much has one.
    let shareBefore: Double?
    let shareNow: Double?

    /// One line, without the field's name.
    var words: String {
        func percent(_ share: Double?) -> String {
            guard let share else { return "" }
            let number = share * 100
            return number > 0 && number < 1 ? "less than 1 %" : "\(Int(number.rounded())) %"
        }
        func list(_ types: [FieldType]) -> String {
            types.isEmpty ? "null" : types.map(\.described).joined(separator: " or ")
        }
        switch kind {
        case .new: return "is new: \(list(typesNow)), in \(percent(shareNow))"
        case .gone: return "is gone: it was \(list(typesBefore)), in \(percent(shareBefore))"
        case .type: return "is \(list(typesNow)), and was \(list(typesBefore))"
        case .nullShare: return "has a value in \(percent(shareNow)), and had one in \(percent(shareBefore))"
        }
    }

    /// Its figures, for programs.
    public func writeFigures(to writer: inout JSONWriter) {
        func list(_ name: String, _ types: [FieldType]) {
            guard !types.isEmpty else { return }
            writer.name(name)
            writer.array { list in for type in types { list.string(type.name) } }
        }
        func share(_ name: String, _ share: Double?) {
            guard let share else { return }
            writer.name(name)
            writer.decimal(thousandths: Int64((share * 1000).rounded()))
        }
        list("types_before", typesBefore)
        list("types_now", typesNow)
        share("share_before", shareBefore)
        share("share_now", shareNow)
    }

    public var message: String { "\"\(Sanitized.text(path, most: 200))\" \(words)" }
}

extension SchemaRecord {
    /// Fewer records than that do not stand for all: what is known of before is kept with them.
    private static let enough: Int64 = 1000
    /// So many were to be expected where none came.
    private static let surelyExpected = 7.0

    /// What is not as it was. Chance is no change: a field that one in a thousand had may be missing from a hundred.
    ///
    /// - Parameter nullShare: By how much the share of values must have moved.
    public func changes(since before: SchemaRecord, nullShare: Double) -> [SchemaChange] {
        guard records > 0, before.records > 0 else { return [] }
        let (was, now) = (Index(before), Index(self))
        var changes: [SchemaChange] = []
        for field in fields {
            guard let old = was.fields[field.path] else {
                if before.more == 0, was.couldHave(field), !now.isMap(field.parent) {
                    changes.append(.init(.new, nil, field))
                }
                continue
            }
            if field.present == 0 { continue }
            if !old.types.isEmpty, !field.types.isSubset(of: old.types) {
                changes.append(.init(.type, old, field))
            } else if !now.isMap(field.parent), Self.hasMoved(old, field, by: nullShare) {
                changes.append(.init(.nullShare, old, field))
            }
        }
        guard more == 0 else { return changes }
        for old in before.fields where !old.isElement && old.present > 0 {
            if let field = now.fields[old.path], field.present > 0 { continue }
            guard !was.isMap(old.parent), !now.isMap(old.parent) else { continue }
            // What it was in is gone itself, or was not there this time.
            let chances = now.containers(old.parent)
            guard chances > 0 else { continue }
            let rate = Double(old.present) / Double(max(old.of, old.present))
            if rate >= 1 || Double(chances) * rate >= Self.surelyExpected { changes.append(.init(.gone, old, nil)) }
        }
        return changes
    }

    /// What the next run is held against: this one, and what is known from before where this one says little.
    public func following(_ before: SchemaRecord, told: [SchemaChange]) -> SchemaRecord {
        guard before.records > 0 else { return self }
        guard records > 0 else { return before }
        var old = before
        // What was told is not told again.
        let (gone, changed) = (
            told.filter { $0.kind == .gone }.map(\.path), Set(told.filter { $0.kind != .gone }.map(\.path))
        )
        let isGone = Set(gone)
        let index = Index(before)
        old.fields.removeAll { field in
            changed.contains(field.path) || isGone.contains(field.path)
                || !isGone.isEmpty && index.isBelow(field, isGone)
        }
        let part = Double(Self.enough - records) / Double(before.records)
        if part > 0 { return adding(old, times: min(1, part)) }
        // All is known of this run; of before only what it had no chance to show.
        let here = Set(fields.map(\.path))
        old.fields.removeAll { here.contains($0.path) }
        (old.records, old.more, old.isMap) = (0, 0, false)
        return adding(old, times: min(1, Double(records) / Double(before.records)))
    }

    /// By more than wanted, and by more than chance.
    private static func hasMoved(_ old: Field, _ new: Field, by share: Double) -> Bool {
        let (a, b) = (Double(old.base), Double(new.base))
        let moved = abs(old.share - new.share)
        guard a >= 20, b >= 20, moved >= share else { return false }
        let all = (Double(old.filled) + Double(new.filled)) / (a + b)
        let deviation = (all * (1 - all) * (1 / a + 1 / b)).squareRoot()
        return moved >= 4 * deviation
    }

    /// The fields by their paths.
    private struct Index {
        let fields: [String: Field]
        private let records: Int64
        private let isMap: Bool
        private var children: [String: (count: Int64, present: Int64)] = [:]

        init(_ record: SchemaRecord) {
            var fields: [String: Field] = [:]
            for field in record.fields {
                fields[field.path] = field
                if field.isElement { continue }
                var sum = children[field.parent ?? ""] ?? (0, 0)
                sum.count += 1
                sum.present = sum.present.addingSaturating(field.present)
                children[field.parent ?? ""] = sum
            }
            self.fields = fields
            records = record.records
            isMap = record.isMap
        }

        /// Objects with many names, of which each has few: the names are data.
        func isMap(_ path: String?) -> Bool {
            if path.map({ fields[$0]?.isMap ?? false }) ?? isMap { return true }
            guard let sum = children[path ?? ""], sum.count >= 32 else { return false }
            let room = Double(sum.count) * Double(containers(path))
            return Double(sum.present) < room * 0.2
        }

        func containers(_ path: String?) -> Int64 {
            guard let path else { return records }
            return fields[path]?.count(.object) ?? 0
        }

        /// What it is in was there, so that it is new itself.
        func couldHave(_ field: Field) -> Bool {
            if isMap(field.parent) { return false }
            guard let parent = field.parent else { return true }
            guard let above = fields[parent] else { return false }
            return above.count(field.isElement ? .array : .object) > 0 && !field.isElement
        }

        func isBelow(_ field: Field, _ paths: Set<String>) -> Bool {
            var parent = field.parent
            while let path = parent {
                if paths.contains(path) { return true }
                parent = fields[path]?.parent
            }
            return false
        }
    }
}

extension SchemaChange {
    fileprivate init(_ kind: Kind, _ old: SchemaRecord.Field?, _ new: SchemaRecord.Field?) {
        func types(_ field: SchemaRecord.Field?) -> [FieldType] {
            FieldType.allCases.filter { type in
                guard let field, type != .null, field.count(type) > 0 else { return false }
                // A number that is a whole one now and then.
                return type != .integer || field.count(.number) == 0
            }
        }
        self.kind = kind
        path = (new ?? old)?.path ?? ""
        (typesBefore, typesNow) = (types(old), types(new))
        (shareBefore, shareNow) = (old?.share, new?.share)
    }
}
