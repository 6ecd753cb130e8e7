/// What a scan found, kept in flat arrays that the next scan reuses: no allocation per record, and after the first
/// few pages none at all.
public struct JSONMatches: Sendable {
    /// One matched value.
    public struct Match: Hashable, Sendable {
        public let span: JSONSpan
        /// Its elements, as positions in `Found.elements`; empty when the target asked for none.
        public let elements: Range<Int>
        public var kind: JSONKind { span.kind }
    }

    /// What one target matched, in the order of the body.
    public struct Found: Sendable {
        public internal(set) var values: [Match] = []
        /// The elements of all the values, one after the other. An array has its elements, an object is one element
        /// itself, a scalar has none.
        public internal(set) var elements: [JSONSpan] = []
        /// `fieldCount` spans an element, `missing` where the element lacks the field.
        var fields: [JSONSpan] = []
        var fieldCount = 0
        /// Where the elements of the value that is being scanned begin.
        var open = 0

        public var first: JSONSpan? { values.first?.span }
        public var last: JSONSpan? { values.last?.span }

        /// Field `field` (its place in the target's list) of element `element`; nil when it is not there.
        @inline(__always) public func field(_ field: Int, of element: Int) -> JSONSpan? {
            guard field >= 0, field < fieldCount, element >= 0, element < elements.count else { return nil }
            let span = fields[element &* fieldCount &+ field]
            return span.isMissing ? nil : span
        }
    }

    var found: [Found] = []
    /// Bytes before the value that are no JSON: 3 for a UTF-8 BOM. Spans count from the start of the body, BOM included.
    public internal(set) var skippedPrefix = 0

    public init() {}

    /// What target `target` (its place in the scanner's list) matched. Nothing before the first scan and after a
    /// scan that failed.
    public subscript(target: Int) -> Found {
        target >= 0 && target < found.count ? found[target] : Found()
    }

    public mutating func removeAll() {
        for i in found.indices {
            found[i].values.removeAll(keepingCapacity: true)
            found[i].elements.removeAll(keepingCapacity: true)
            found[i].fields.removeAll(keepingCapacity: true)
            found[i].open = 0
        }
        skippedPrefix = 0
    }

    mutating func prepare(for targets: [JSONTarget]) {
        if found.count != targets.count { found = targets.map { _ in Found() } }
        for i in targets.indices { found[i].fieldCount = targets[i].fields.count }
        removeAll()
    }
}

extension JSONMatches.Found {
    /// The place of a field of the element that is being scanned, which `elements` does not hold yet.
    @inline(__always) mutating func setField(_ field: Int, _ span: JSONSpan) {
        let place = elements.count &* fieldCount &+ field
        if place < fields.count { fields[place] = span }
    }

    @inline(__always) mutating func appendMissingFields() {
        var i = 0
        while i < fieldCount {
            fields.append(.missing)
            i &+= 1
        }
    }

    mutating func truncate(values: Int, elements kept: Int) {
        if values < self.values.count { self.values.removeSubrange(values...) }
        if kept < elements.count { elements.removeSubrange(kept...) }
        if kept &* fieldCount < fields.count { fields.removeSubrange((kept &* fieldCount)...) }
    }

    /// Takes out what one member gave; both ranges end at or before the counts.
    mutating func remove(values gone: Range<Int>, elements goneElements: Range<Int>) {
        values.removeSubrange(gone)
        elements.removeSubrange(goneElements)
        fields.removeSubrange((goneElements.lowerBound &* fieldCount)..<(goneElements.upperBound &* fieldCount))
        for i in gone.lowerBound..<values.count {
            let old = values[i].elements
            let shift = old.isEmpty && old.lowerBound == 0 ? 0 : goneElements.count
            values[i] = JSONMatches.Match(
                span: values[i].span, elements: (old.lowerBound &- shift)..<(old.upperBound &- shift))
        }
    }
}
