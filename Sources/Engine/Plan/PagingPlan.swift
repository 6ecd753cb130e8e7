/// How a stream's pages follow each other, as the document says or as detection found.
public struct PagingPlan: Sendable, Equatable {
    public enum Style: Sendable, Equatable {
        /// Nothing said: the first response decides.
        case detect
        case single
        /// A counter of records.
        case offset(slot: Slot, start: Int64)
        /// A counter of pages.
        case page(slot: Slot, start: Int64)
        /// A token out of the response, put into a slot.
        case cursor(slot: Slot, from: ValueSource)
        /// A URL out of the response, followed as it is (relative ones resolved, RFC 3986 section 5).
        case nextURL(from: ValueSource)
    }
    public struct Size: Sendable, Equatable {
        public var slot: Slot?
        public var value: Int64
        public init(slot: Slot?, value: Int64) {
            self.slot = slot
            self.value = value
        }
    }
    public enum LoopGuard: Sendable, Equatable {
        /// Tokens, URLs and page contents.
        case all
        /// Tokens and URLs only, for APIs whose pages may honestly repeat.
        case tokens
    }

    public var style: Style
    public var size: Size?
    /// The counter or start token goes out with the first request too.
    public var sendFirst = true
    /// The token of a cursor's first request.
    public var firstToken: String?
    /// A next URL gets the request's own query parameters that it lacks.
    public var keepsQuery = false
    /// A flag in the body: false, 0, "", "false" or null ends the walk.
    public var hasMore: ValueSource?
    public var total: ValueSource?
    /// Nobody said what the total is; it was found by its name. It is reported and ends nothing: some APIs stop
    /// counting at 10,000.
    public var totalIsHint = false
    /// The number of the last page, as the API numbers its pages.
    public var lastPage: ValueSource?
    /// How many pages there are.
    public var totalPages: ValueSource?
    /// Each of them ends the walk, as the rules of the style do.
    public var stops: [StopRule] = []
    /// A page with fewer records than asked ends the walk. Nil: as the style has it (offset and page: yes when the
    /// size is known; cursor and URL: no).
    public var stopOnShortPage: Bool?
    /// Nil: as the style has it (offset and page: yes; cursor and URL: no).
    public var stopOnEmptyPage: Bool?
    /// How many empty pages in a row are passed over before an empty page ends the walk.
    public var toleratedEmptyPages: Int64 = 0
    /// Statuses by which the API says, behind the first page, that there are no more.
    public var endStatuses: Set<Int> = []
    /// An empty text is a token like any other.
    public var emptyTokenIsToken = false
    public var maxPages: Int64?
    public var maxRecords: Int64?
    public var loopGuard = LoopGuard.all
    /// Where the API gives no deeper pages.
    public var restart: RestartPlan?

    public init(style: Style) { self.style = style }

    /// Whether a page can be asked for and read before those in front of it are there. What it says must not hang on how
    /// many they are.
    var canBeAhead: Bool {
        if case .detect = style { return true }
        let sources = [hasMore, total, lastPage, totalPages].compactMap(\.self) + stops.flatMap(\.sources)
        return isCounted && !sources.flatMap(\.leaves).contains { $0 == .page(.index) || $0 == .page(.received) }
    }

    var tokenSource: ValueSource? {
        switch style {
        case .cursor(_, let from), .nextURL(let from): from
        default: nil
        }
    }

    /// Whether the head of a response says all about what follows it: then the next request need not wait for the body.
    var isToldByHead: Bool {
        guard let from = tokenSource else { return false }
        if stopOnShortPage == true || stopOnEmptyPage == true || maxRecords != nil || restart != nil { return false }
        let sources = [from] + [hasMore].compactMap(\.self) + stops.flatMap(\.sources)
        return sources.flatMap(\.leaves).allSatisfy(\.isInHead)
    }

    /// Whether every page has a number that can be known before the page in front of it is there.
    var isCounted: Bool {
        switch style {
        case .offset, .page: true
        default: false
        }
    }
}
