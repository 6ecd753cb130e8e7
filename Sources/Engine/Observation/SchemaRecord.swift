/// What is kept of a stream's schema between runs: every field's path, how often it was looked for, and what stood
/// there.
public struct SchemaRecord: Sendable, Equatable {
    struct Field: Sendable, Equatable {
        /// As selectors are written: `user.name`, `tags[*]`.
        var path: String
        /// The path of what it is in; nil: of the record itself.
        var parent: String?
        /// How many objects, or arrays, could have had it.
        var of: Int64
        /// By type.
        var counts: [Int64]
        var isElement = false
        /// Its names are too many to be fields.
        var isMap = false

        func count(_ type: FieldType) -> Int64 { counts[type.rawValue] }
        /// Values that are not null.
        var filled: Int64 { counts.reduce(Int64(0)) { $0.addingSaturating($1) }.subtractingSaturating(count(.null)) }
        var present: Int64 { filled.addingSaturating(count(.null)) }
        /// What the share is of: elements are as many as there are.
        var base: Int64 { isElement ? present : max(of, present) }
        /// Of those that have a value.
        var share: Double { base > 0 ? Double(filled) / Double(base) : 0 }
        /// Without null; a whole number is a number.
        var types: Set<FieldType> {
            var types: Set<FieldType> = []
            for type in FieldType.allCases where type != .null && count(type) > 0 {
                types.insert(type == .integer ? .number : type)
            }
            return types
        }
    }

    /// Records that were looked at.
    public internal(set) var records: Int64 = 0
    /// A field behind what it is in.
    var fields: [Field] = []
    /// Values that were not kept.
    var more: Int64 = 0
    /// The records' own names are too many to be fields.
    var isMap = false

    public init() {}

    public var isEmpty: Bool { records == 0 }
    public var fieldCount: Int { fields.count }

    /// A server may repeat the source's secrets: they are not kept even as a field's name.
    public init(_ seen: SeenSchema, of source: Source) { self.init(seen, secrets: source.secrets) }

    init(_ seen: SeenSchema, secrets: [Secret] = []) {
        let needles = Redaction.needles(secrets)
        records = seen.records
        more = seen.more
        isMap = seen.nodes[0].isMap
        var paths: [String?] = [nil]
        // What stood there as a whole, for those in it.
        func counted(_ node: Int, _ type: FieldType) -> Int64 { seen.counts[node * FieldType.count + type.rawValue] }
        for (index, node) in seen.nodes.enumerated().dropFirst() {
            let parent = Int(node.parent)
            let above = paths[parent]
            let path: String
            if node.isElement {
                path = (above ?? "") + "[*]"
            } else {
                let name = seen.names[Int(node.nameStart)..<Int(node.nameStart + node.nameCount)]
                let shown = name.withUnsafeBytes { Redaction.text($0, needles: needles) }
                path = Self.path(shown, in: above)
            }
            paths.append(path)
            if Self.isData(index, seen) { continue }
            let first = index * FieldType.count
            fields.append(
                Field(
                    path: path, parent: above, of: counted(parent, node.isElement ? .array : .object),
                    counts: Array(seen.counts[first..<(first + FieldType.count)]), isElement: node.isElement,
                    isMap: node.isMap))
        }
    }

    /// It is a name in an object of too many, or in such a one.
    private static func isData(_ node: Int, _ seen: SeenSchema) -> Bool {
        var node = node
        while node > 0 {
            let parent = Int(seen.nodes[node].parent)
            if seen.nodes[parent].isMap, !seen.nodes[node].isElement { return true }
            node = parent
        }
        return false
    }

    static func path(_ name: String, in above: String?) -> String {
        let isPlain =
            !name.isEmpty && name != "*" && !name.hasPrefix("$") && !name.hasPrefix("/")
            && !name.utf8.contains { ".[]\"\\".utf8.contains($0) || $0 <= 0x20 || $0 == 0x7F }
        guard isPlain else { return (above ?? "") + JSONPath(member: name).description }
        return above.map { "\($0).\(name)" } ?? name
    }

    /// The path that a path is in. Nil: it can't be read.
    private static func parent(of path: String) -> (parent: String?, isElement: Bool)? {
        guard let steps = try? JSONPath(path).steps, let last = steps.last else { return nil }
        var above: String?
        for step in steps.dropLast() {
            switch step {
            case .member(let name): above = Self.path(name, in: above)
            case .wildcard: above = (above ?? "") + "[*]"
            case .index, .last, .token: return nil
            }
        }
        switch last {
        case .member: return (above, false)
        case .wildcard: return (above, true)
        case .index, .last, .token: return nil
        }
    }

    // MARK: as text

    public var text: String {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.text
    }

    public func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("records", records)
            if more > 0 { writer.member("more", more) }
            if isMap { writer.member("map", true) }
            writer.objects("fields", fields) { field, one in
                one.member("path", field.path)
                one.member("of", field.of)
                for type in FieldType.allCases where field.count(type) > 0 {
                    one.member(type.name, field.count(type))
                }
                if field.isMap { one.member("map", true) }
            }
        }
    }

    /// What can't be read of it is not known: it is told as new once more, at worst.
    public init(_ json: JSONValue) {
        func count(_ value: JSONValue, _ name: String) -> Int64 { max(0, value[name]?.int ?? 0) }
        records = count(json, "records")
        more = count(json, "more")
        isMap = json["map"]?.bool ?? false
        for field in (json["fields"]?.array ?? []).prefix(SeenSchema.mostNodes) {
            guard let path = field["path"]?.string, let (parent, isElement) = Self.parent(of: path) else { continue }
            fields.append(
                Field(
                    path: path, parent: parent, of: count(field, "of"),
                    counts: FieldType.allCases.map { count(field, $0.name) }, isElement: isElement,
                    isMap: field["map"]?.bool ?? false))
        }
    }

    // MARK: together

    /// Both, as if they had been one run; of the other only such a part.
    public func adding(_ other: SchemaRecord, times factor: Double = 1) -> SchemaRecord {
        func part(_ count: Int64) -> Int64 {
            // What was there once stays known.
            count == 0 ? 0 : factor >= 1 ? count : max(1, Int64(Double(min(count, 1 << 50)) * max(0, factor)))
        }
        var sum = self
        sum.records = records.addingSaturating(part(other.records))
        sum.more = more.addingSaturating(part(other.more))
        sum.isMap = isMap || other.isMap
        var places: [String: Int] = [:]
        for (index, field) in fields.enumerated() { places[field.path] = index }
        for field in other.fields {
            var part = Field(
                path: field.path, parent: field.parent, of: part(field.of), counts: field.counts.map(part),
                isElement: field.isElement, isMap: field.isMap)
            if let place = places[field.path] {
                part.isMap = part.isMap || sum.fields[place].isMap
                part.of = part.of.addingSaturating(sum.fields[place].of)
                for index in part.counts.indices {
                    part.counts[index] = part.counts[index].addingSaturating(sum.fields[place].counts[index])
                }
                sum.fields[place] = part
            } else {
                sum.fields.append(part)
            }
        }
        return sum
    }
}
