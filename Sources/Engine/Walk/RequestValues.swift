/// What a request is made with, and where in the walk it stands.
struct RequestValues: Sendable {
    var token: PageToken?
    var size: Int64?
    /// From 0.
    var index: UInt64 = 0
    /// Records of the pages before.
    var received: Int64 = 0
    /// What the response before gave for the request's texts, in the order of the plan's `carried`.
    var carried: [Extracted?] = []
    var restart: PageToken?

    /// Of the request, as the page that answers it has it: `count` is how many records it brought.
    func page(_ value: ValueSource.PageValue, count: Int64) -> Extracted? {
        switch value {
        case .token: token.map(Extracted.init)
        case .size: size.map { Extracted(number: $0) }
        case .index: Extracted(number: Int64(clamping: index))
        case .count: Extracted(number: count)
        case .received: Extracted(number: received.addingSaturating(count))
        case .restart: restart.map(Extracted.init)
        }
    }
}

extension Extracted {
    init(number: Int64) { self.init(value: .int(number), text: String(number)) }

    init(_ token: PageToken) {
        switch token {
        case .counter(let number): self.init(number: number)
        case .number(let text): self.init(value: .number(text), text: text)
        case .text(let text): self.init(text: text)
        case .url(let url): self.init(text: url.text)
        }
    }
}
