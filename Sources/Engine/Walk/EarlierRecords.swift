/// Records that an earlier run of the same walk handed over. IO reads them where they were written.
public protocol EarlierRecords: Sendable {
    /// False: they can't be read.
    func forEach(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool
}

extension Walk {
    /// Takes in the keys of what an earlier run handed over, before anything new is told from it.
    mutating func learnEarlierKeys(services: some Services) throws(PageReader.Problem) {
        guard let earlier = stream.earlier, !knowsEarlier else { return }
        knowsEarlier = true
        let scanner: JSONScanner
        do {
            scanner = try JSONScanner(stream.rules.key.map { .value($0) })
        } catch {
            throw .wrong(Failure(.config, "key: \(error.description)"))
        }
        var matches = JSONMatches()
        let count = stream.rules.key.count
        let isRead = earlier.forEach { record in
            guard (try? scanner.scan(record, into: &matches)) != nil else { return }
            let key = RecordKey.fingerprint(count, services: services) { part in
                RecordReader.isAdded(stream.rules.key[part], by: stream.rules)
                    ? RecordReader.added : matches[part].first.map { $0.bytes(in: record) }
            }
            if let key { _ = keys.note(key) }
        }
        guard isRead else {
            throw .wrong(
                Failure(
                    .storage, "the records of the earlier run can't be read, so duplicates of them can't be told"))
        }
    }
}
