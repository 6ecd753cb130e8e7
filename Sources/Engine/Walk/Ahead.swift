/// Pages that were asked for before their turn came. Each is a guess at what the page before it will say; when that
/// one says otherwise the guess is dropped. So a walk gives the same pages however many are under way at once.
struct Ahead: Sendable {
    enum State: Sendable {
        /// Its request is under way.
        case asked(exchange: UInt64)
        /// It is in, and waits for the pages before it.
        case waiting(Arrival)
        /// In the host's hands already (order "any"). What it says about paging is heard in its turn.
        case handed(Arrival)
        /// It can't be had. That matters only if its turn comes.
        case refused(Failure, status: Int?)
    }
    struct Page: Sendable {
        let token: PageToken
        var state: State
    }

    /// In the order of their turns. The first may be the page whose turn it is: see `isDue`.
    var pages: [Page] = []
    /// The turn of the first page has come, and it is in.
    var isDue = false
    let most: Int64
    /// How many requests may be under way: fewer than `most` after guesses that were wrong.
    var degree: Int64
    /// Nothing behind this counter is asked for until the walk has come past it: the page there looked like the end.
    var endSeen: Int64?
    /// The counter of the last page by the Link header. It ends no walk.
    var hint: Int64?
    /// Behind the last page under way, by its head; there was no room to ask for it.
    var next: PageToken?
    var largestBody: Int64 = 0
    /// No longer wanted: their requests end, their bodies go.
    var dropped: [State] = []
    /// What pages had to say that are in the host's hands.
    var lateWarnings: [String] = []

    /// Whether a page can be asked for while the page before it is unknown.
    static func isPossible(_ paging: PagingPlan, _ request: RequestPlan) -> Bool {
        paging.canBeAhead && isKnownAhead(request)
    }

    /// Whether the token is all that a page's request hangs on.
    static func isKnownAhead(_ request: RequestPlan) -> Bool {
        let known: [ValueSource] = [.page(.token), .page(.size)]
        return request.sources.flatMap(\.leaves).allSatisfy(known.contains)
    }

    init(most: Int64) {
        self.most = most
        degree = most
    }

    func position(of id: UInt64) -> Int? {
        pages.firstIndex { if case .asked(id) = $0.state { true } else { false } }
    }

    func token(of id: UInt64) -> PageToken? { position(of: id).map { pages[$0].token } }
}

/// A page that was read, before its place in the walk is known.
struct Arrival: Sendable {
    var facts: PageFacts
    var reading: PageReader.Reading
    /// What tells it from the other pages. Nil: nothing is to be told by it.
    var content: Fingerprint?
    var bytes: Int64
    /// A rule of the document takes it for the end.
    var isEnd = false
    /// A rule of the document says that the walk can't go on from where it stands.
    var startsOver = false
    /// See `WalkPosition.doubtful`.
    var digest: StableHash?
}

extension PageToken {
    var counter: Int64? { if case .counter(let number) = self { number } else { nil } }
}
