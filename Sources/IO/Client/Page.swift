package import Engine
internal import Glibc

/// A page in the host's hands: the body's bytes, the records' ranges, and what else the response said.
///
/// Immutable. What is borrowed from it lives as long as it does; texts are made on first demand and kept.
package final class Page: Sendable {
    package let body: Body
    package let facts: PageFacts
    /// The records, when the document asks for changes to them.
    private let written: OwnedText?
    private let texts = Lock<[Text: OwnedText]>([:])

    private enum Text: Hashable {
        case header(String), headers, metadata, token, checkpoint
    }

    package init(body: Body, facts: PageFacts) {
        self.body = body
        var facts = facts
        written = facts.writtenRecords.map { OwnedText($0) }
        facts.writtenRecords = nil
        self.facts = facts
    }

    /// What it takes of the room for pages that wait.
    package var size: Int { body.count + (written?.bytes.count ?? 0) }

    package var recordCount: Int { facts.records.count }

    package func record(_ index: Int) -> UnsafeRawBufferPointer {
        guard index >= 0, index < facts.records.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return facts.records[index].bytes(in: written?.bytes ?? body.bytes)
    }

    package var recordArray: UnsafeRawBufferPointer {
        facts.recordArray?.bytes(in: body.bytes) ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    package func header(_ name: String) -> UnsafeRawBufferPointer {
        text(.header(ASCII.lowercased(name))) { facts.head.headers.joined(name) }
    }

    package var headers: UnsafeRawBufferPointer {
        text(.headers) {
            var writer = JSONWriter()
            writer.array { writer in
                for index in 0..<facts.head.headers.count {
                    writer.array { pair in
                        pair.string(facts.head.headers.name(at: index))
                        pair.string(facts.head.headers.value(at: index))
                    }
                }
            }
            return writer.text
        }
    }

    package var nextToken: UnsafeRawBufferPointer { text(.token) { facts.nextToken } }

    package var checkpoint: UnsafeRawBufferPointer { text(.checkpoint) { facts.checkpoint?.text } }

    package var metadata: UnsafeRawBufferPointer { text(.metadata) { facts.metadata } }

    private func text(_ key: Text, _ make: () -> String?) -> UnsafeRawBufferPointer {
        texts.withLock { texts -> OwnedText? in
            if let known = texts[key] { return known }
            guard let text = make() else { return nil }
            let owned = OwnedText(text)
            texts[key] = owned
            return owned
        }?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }
}
