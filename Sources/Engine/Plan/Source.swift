/// One API, as its source document describes it, with every reference resolved and every text checked.
public struct Source: Sendable {
    public enum Auth: Sendable {
        case none
        /// A text into a slot: API keys, bearer tokens, prefixes. Several at once are allowed.
        case fixed([Credential])
    }
    public struct Credential: Sendable {
        /// `.header`, `.query`, `.form` or `.json`.
        public var slot: Slot
        public var prefix: String
        public var secret: Secret
        /// Which of the source's tokens it is, instead of a fixed secret.
        var token: Int?
        /// It is made of the whole request, by `Source.signature`.
        var isSignature = false
        /// What it was made of, where a message must not show that either.
        var parts: [Secret] = []
        /// For people: where the secret comes from.
        public var origin: String
        public init(slot: Slot, prefix: String = "", secret: Secret, origin: String = "the document itself") {
            self.slot = slot
            self.prefix = prefix
            self.secret = secret
            self.origin = origin
        }
    }

    public var name: String?
    public var baseURL: WebURL
    public var auth: Auth = .none
    /// What credentials are asked for with.
    var tokens: [TokenPlan] = []
    var signature: SignaturePlan?
    /// The host's callback that signs requests, and where the document says so.
    var hostSignature: (name: String, pointer: String)?
    /// Go with every request.
    public var headers: [RequestPlan.NamedText] = []
    public var query: [RequestPlan.NamedText] = []
    @Boxed public var limits: LimitPlan = LimitPlan()
    @Boxed public var retry = RetryPlan()
    @Boxed public var serverLimits = ServerLimitsPlan()
    @Boxed public var breaker = BreakerPlan()
    /// The header for the keys of requests that are not idempotent. Nil: they get none.
    public var keyHeader: String?
    /// In their order, before the built-in rules.
    public var errors: [ErrorRule] = []
    @Boxed public var transfer = TransferLimits()
    @Boxed public var transport: TransportSettings
    public var maxRedirects: Int64 = Source.defaultMaxRedirects
    /// Origins other than the base URL's that may be followed, without credentials.
    public var otherOrigins: [Origin] = []
    public var streams: [Stream] = []
    /// What options texts for this source are read with.
    @Boxed var context = SourceContext()

    static let defaultMaxRedirects: Int64 = 5
    static let defaultTransport = TransportSettings(userAgent: "penstock/\(Version.text)")

    public init(baseURL: WebURL, transport: TransportSettings) {
        self.baseURL = baseURL
        self.transport = transport
    }
}

/// One endpoint that yields records.
public struct Stream: Sendable {
    public var name: String
    @Boxed public var request: RequestPlan
    public var records: RecordsPlan = .detect
    /// A response without the record list is an empty page (Google leaves empty lists out) instead of an error.
    public var missingRecordsAreEmpty = false
    @Boxed public var paging: PagingPlan = PagingPlan(style: .detect)
    /// What becomes of the records that were found.
    @Boxed public var rules = RecordRules()
    /// What a run holds its records against.
    public internal(set) var expect: ExpectPlan?
    /// Before the source's.
    public var errors: [ErrorRule] = []
    /// How many pages, and decoded bytes, may be under way or ready before the host takes them. Nil: as many as
    /// `parallel` has use for.
    public var readAheadPages: Int64?
    public var readAheadBytes: Int64 = 64 << 20
    /// How many pages of a counted pagination are under way at once.
    public var parallel: Int64 = 1
    public var order = Order.pages
    /// Whether a request leaves as soon as it is known. False: when the host asks for its page.
    public var lookAhead = true
    public var over: OverPlan?
    /// What this walk of a stream that is walked over something is made for.
    var bound: [OverBinding] = []
    /// How it is read incrementally; nil: all of it, always.
    var incremental: IncrementalPlan?
    /// The part of an incremental run that this walk is.
    var window: Window?
    /// When its run begins, by this machine's clock.
    public var now: WallTime?
    /// What `start` says came to its end for sure: the next run begins.
    public var isComplete = false
    /// What children take from this stream's records.
    var parentPlan: ParentReader.Plan?
    /// Where the walk is taken up again; nil: it begins.
    var start: Checkpoint?
    /// What an earlier run of the walk handed over, to tell records that come again from.
    public var earlier: (any EarlierRecords)?
    /// What checkpoints of it hang on.
    var outline = StreamOutline()
    /// Parameters that the document asks for and nobody gave yet: they come with the paginator's options.
    public var missingParameters: [String] = []

    public enum Order: Sendable, Equatable {
        /// As the server counts them.
        case pages
        /// As they come.
        case any
    }

    /// It, or a parent, goes on where the run before ended.
    public var isIncremental: Bool {
        incremental != nil
            || (over?.dimensions ?? []).contains { dimension in
                guard case .stream(let parent, _) = dimension.origin else { return false }
                return parent.isIncremental || dimension.further.contains { $0.stream.isIncremental }
            }
    }

    /// Of the run that `start` is of, up to there.
    public var recordsOfRun: Int64 { isComplete || start?.isEnd ?? true ? 0 : start?.records ?? 0 }

    static let defaultReadAhead: Int64 = 4

    public init(name: String, request: RequestPlan) {
        self.name = name
        self.request = request
    }

    /// `readAheadPages`, settled.
    public var pagesAhead: Int64 {
        readAheadPages ?? max(Stream.defaultReadAhead, parallel.multipliedSaturating(by: parallel > 1 ? 2 : 1))
    }
}

/// When and how often a request is sent again.
public struct RetryPlan: Sendable, Equatable {
    /// The first one counts.
    public var maxAttempts: Int64 = 5
    public var base: Timespan = .seconds(1)
    public var cap: Timespan = .seconds(15)
    /// The longest wait that a server may ask for. Above it the request fails with the time to come back at.
    public var maxRetryAfter: Timespan = .seconds(3600)
    /// All attempts and backoffs of one request, waits that the server asked for apart.
    public var maxElapsed: Timespan = .seconds(15 * 60)
    /// All waits of one request that the server asked for.
    public var maxThrottleWait: Timespan = .seconds(3600)
    /// How many of a host's requests of the last ten seconds may be repetitions, and how many a second besides.
    public var budgetPercent: Int64 = 20
    public var budgetLeast: Int64 = 3
    /// Besides connection errors.
    public var statuses: Set<Int> = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]

    public init() {}
}
