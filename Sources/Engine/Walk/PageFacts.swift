/// A page as the engine sees it: ranges into a body that stays in IO, and what goes with them.
public struct PageFacts: Sendable {
    /// The transfer whose body the ranges are about.
    public var transfer: UInt64
    public var stream: String
    /// From 0.
    public var index: UInt64
    public var records: [JSONSpan] = []
    /// What the ranges are about when the document asks for changes; nil: the body.
    public var writtenRecords: [UInt8]?
    /// Where all records stand together as one list.
    public var recordArray: JSONSpan?
    public var head: ResponseHead
    public var method: String
    public var url: WebURL
    public var attempts: Int
    public var redirects: Int
    public var idempotencyKey: String?
    public var limitRemaining: Int64?
    public var limitReset: Timespan?
    public var nextToken: String?
    public var hasMore: Bool?
    public var total: Int64?
    /// Records that were left out since their key came before in the walk; nil without a key.
    public var duplicates: Int64?
    /// Records of a stream with a key that have none; they are handed over.
    public var withoutKey: Int64 = 0
    /// Records that a filter left out; nil without one.
    public var filtered: Int64?
    /// On the last page: how many records fewer came than the server said there were.
    public var missing: Int64?
    /// What detection found; empty when it was not asked or has reported before.
    public var detected: [String] = []
    public var finding: PageFinding?
    public var warnings: [String] = []
    /// What the page was asked for, of a stream that is walked over something, and its number among the pages of that.
    public var over: [OverBinding] = []
    public var indexWithin: UInt64?
    /// From where a walk goes on behind this page; nil for a single request.
    public var checkpoint: Checkpoint?
    /// The latest time that a stream which is read incrementally has seen, in this window or in runs before.
    public var highest: WallTime?
    /// For the children of this stream.
    var given: [ParentReader.Given] = []
}
