package import Engine

/// Records on their way into a file, in the hands of a function of the host.
///
/// `@unchecked Sendable`: used by the writer thread alone, for as long as the function runs.
package final class Batch: @unchecked Sendable {
    package typealias Function = @Sendable (Batch) -> Void

    package let stream: OwnedText
    private let records: ArraySlice<(page: Page, index: Int)>
    private let file: LineFile
    package private(set) var failure: Failure?

    init(stream: OwnedText, _ records: ArraySlice<(page: Page, index: Int)>, into file: LineFile) {
        self.stream = stream
        self.records = records
        self.file = file
    }

    package var count: Int { records.count }

    package func record(_ index: Int) -> UnsafeRawBufferPointer {
        guard index >= 0, index < records.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let (page, place) = records[records.startIndex + index]
        return page.record(place)
    }

    /// The record goes into the file as it came.
    package func keep(_ index: Int) {
        guard index >= 0, index < records.count else { return }
        append(record(index))
    }

    /// Another one in its place, or besides.
    package func write(_ record: UnsafeRawBufferPointer) throws(Failure) {
        guard JSONProof.isValue(record) else {
            throw Failure(.invalidArgument, "the record that the batch function gave is no JSON value")
        }
        append(record)
    }

    package func fail(_ message: String) {
        fail(Failure(.data, "the batch function failed: \(message)"))
    }

    private func append(_ record: UnsafeRawBufferPointer) {
        guard failure == nil else { return }
        do throws(Failure) { try file.append(record) } catch { fail(error) }
    }

    /// Only the first one counts.
    private func fail(_ failure: Failure) { self.failure = self.failure ?? failure }
}

/// Whole pages that wait until there are enough records for the function. What is judged and committed is only what has
/// been through it.
///
/// `@unchecked Sendable`: used by the writer thread alone.
final class BatchStage: @unchecked Sendable {
    private let name: OwnedText
    private let most: Int
    private let function: Batch.Function
    private var pages: [Page] = []
    private var count = 0
    private(set) var since: Instant?
    /// How long records wait for others.
    static let patience = Timespan.seconds(1)

    init(_ name: String, most: Int, _ function: @escaping Batch.Function) {
        self.name = OwnedText(name)
        self.most = max(1, most)
        self.function = function
    }

    var isEmpty: Bool { count == 0 }

    /// True: there are enough.
    func add(_ page: Page, now: Instant) -> Bool {
        pages.append(page)
        count += page.recordCount
        if since == nil { since = now }
        return count >= most
    }

    /// Puts all of it through the function; the pages that this was.
    func flush(
        into file: LineFile, expect: (Page) throws(Failure) -> Void,
        isWanted: (UnsafeRawBufferPointer) throws(Failure) -> Bool
    ) throws(Failure) -> [Page] {
        defer {
            pages = []
            count = 0
            since = nil
        }
        var records: [(page: Page, index: Int)] = []
        for page in pages {
            try expect(page)
            for index in 0..<page.recordCount where try isWanted(page.record(index)) {
                records.append((page, index))
            }
        }
        var rest = records[...]
        while !rest.isEmpty {
            let batch = Batch(stream: name, rest.prefix(most), into: file)
            function(batch)
            if let failure = batch.failure { throw failure }
            rest = rest.dropFirst(most)
        }
        return pages
    }
}
