/// Finds in a response what the request came to.
struct CostReader: Sendable {
    private let place: RequestCost.Place
    private let scanner: JSONScanner?

    /// Nil where nothing says so.
    init?(_ cost: RequestCost) throws(Failure) {
        guard let place = cost.actual else { return nil }
        self.place = place
        guard case .body(let path) = place else {
            scanner = nil
            return
        }
        do {
            scanner = try JSONScanner([.value(path)])
        } catch {
            throw Failure(.config, "cost: \(error.description)")
        }
    }

    /// Rounded up. Nil where the response doesn't say it, or nothing that a cost could be.
    func cost(_ head: ResponseHead, body: UnsafeRawBufferPointer, services: some Services) -> Int64? {
        let text: String?
        switch place {
        case .header(let name): text = head.headers.first(name)
        case .body:
            var found = JSONMatches()
            try? scanner?.scan(body, into: &found)
            text = found[0].values.first.flatMap { services.decode($0.span.bytes(in: body)) }?.scalarText
        }
        guard let text else { return nil }
        var cursor = ByteCursor(ASCII.trimmed(text))
        guard let number = DecimalText(&cursor), cursor.isAtEnd else { return nil }
        return min(number.whole.addingSaturating(number.billionths == 0 ? 0 : 1), Vocabulary.most)
    }
}
