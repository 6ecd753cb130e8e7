extension RecordReader {
    /// - Parameter found: Where detection found the records, for a stream that does not say.
    convenience init(_ stream: Stream, found: JSONPath?, most: Int64) throws(Failure) {
        let places: [JSONPath] =
            switch stream.records {
            case .detect: [found ?? .body]
            case .path(let path): [path]
            case .first(let paths), .union(let paths): paths
            }
        var takesFirst = false
        if case .first = stream.records { takesFirst = true }
        try self.init(
            places: places, takesFirst: takesFirst, rules: stream.rules, bound: stream.bound,
            missingIsEmpty: stream.missingRecordsAreEmpty, most: most)
    }
}

extension Walk {
    /// Leaves out the records whose key came before in this walk: data that shifts under an offset comes twice.
    private func dropDuplicates(_ reading: inout PageReader.Reading, _ facts: inout PageFacts) throws(Failure) {
        guard !stream.rules.key.isEmpty, stream.rules.duplicates.isDropping else { return }
        facts.duplicates = facts.duplicates ?? 0
        guard reading.keys.count == reading.records.count, !reading.keys.isEmpty else { return }
        let forgotten = keys.forgotten
        var kept: [JSONSpan] = []
        var dropped = 0
        for (index, key) in reading.keys.enumerated() {
            guard let key else {
                facts.withoutKey += 1
                if dropped > 0 { kept.append(reading.records[index]) }
                continue
            }
            switch keys.note(key) {
            case .new: if dropped > 0 { kept.append(reading.records[index]) }
            case .seen:
                // Copied from the first one on, since most pages have none.
                if dropped == 0 { kept = Array(reading.records[..<index]) }
                dropped += 1
            case .full:
                throw Failure(
                    .limit,
                    "the walk has more than \(stream.rules.duplicates.maxKeys) different keys: raise \"max_keys\" of \"duplicates\" or let it forget"
                )
            }
        }
        if dropped > 0 {
            reading.records = kept
            reading.recordArray = nil
            facts.duplicates = (facts.duplicates ?? 0) + Int64(dropped)
        }
        if facts.withoutKey > 0 {
            reading.warnings.append(
                "key: \(facts.withoutKey) records have no \(shownKey), so duplicates of them can't be told")
        }
        if keys.forgotten > forgotten {
            reading.warnings.append(
                "key: more than \(stream.rules.duplicates.maxKeys) keys; the oldest \(keys.forgotten - forgotten) are forgotten, so duplicates of them come through"
            )
        }
    }

    /// Leaves out what came before, and what is beyond `max_records`.
    /// True when some were beyond it.
    @discardableResult
    mutating func cut(_ reading: inout PageReader.Reading, _ facts: inout PageFacts) throws(Failure) -> Bool {
        watch?.clip(&reading, &facts)
        try dropDuplicates(&reading, &facts)
        let allowed = allowed(of: reading.records.count)
        let isCut = allowed < reading.records.count
        if isCut {
            reading.records.removeSubrange(allowed...)
            reading.recordArray = nil
        }
        watch?.note(reading.records, of: reading)
        facts.highest = watch?.highest
        return isCut
    }

    /// Whether records may be left out for what they are.
    var filters: Bool { stream.rules.filter != nil || watch?.window.plan.clips ?? false }

    private var shownKey: String {
        MessageText.alternatives(stream.rules.key.map { "\"\($0)\"" })
    }

    /// The end of a walk: rows that the server counted and that never came.
    func noteMissing(_ end: Paging.End, _ facts: inout PageFacts) {
        switch end {
        case .single, .maxPages, .maxRecords: return
        case .emptyPage, .shortPage, .emptyToken, .flag, .rule, .total, .lastPage, .nothingFurther: break
        }
        if watch?.window.plan.mode == .newestFirst { return }
        guard let expected = paging.highestTotal else { return }
        let isComparable = !(stream.rules.shape?.countsParents ?? false)
        let came = paging.receivedInAll.subtractingSaturating(isComparable ? keys.seen : 0)
        guard came < expected else { return }
        facts.missing = expected - came
        facts.warnings.append(
            "expected \(expected) records by the server's highest total, received \(came): the data may have shifted during the walk"
        )
    }
}

extension PageFacts {
    /// What the page takes of the room for pages that wait.
    public var bytes: Int64 { head.bodyBytes.addingSaturating(Int64(writtenRecords?.count ?? 0)) }

    /// What the records' ranges are about.
    func withRecords<R>(of body: UnsafeRawBufferPointer, _ use: (UnsafeRawBufferPointer) -> R) -> R {
        guard let writtenRecords else { return use(body) }
        return writtenRecords.withUnsafeBytes(use)
    }

    mutating func take(_ reading: PageReader.Reading, filters: Bool) {
        records = reading.records
        writtenRecords = reading.bytes
        recordArray = reading.bytes == nil ? reading.recordArray : nil
        filtered = filters ? reading.filtered : nil
        warnings += reading.warnings
    }
}
