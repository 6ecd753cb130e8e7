/// What a stream is walked over: one walk of its pages for each record of a parent stream, each item of a list, or each
/// combination of several such.
public struct OverPlan: Sendable {
    public struct Dimension: Sendable {
        public enum Origin: Sendable {
            case items([OverValue])
            /// A field of each record of a parent stream.
            case stream(Stream, key: JSONPath)
        }
        public struct Carried: Sendable, Equatable {
            public var name: String
            public var path: JSONPath
            public var piece: Piece?
        }
        /// One piece of a compound value: `octo` of `octo/hello`.
        public struct Piece: Sendable, Equatable {
            public var separator: String
            /// From 0; negative ones from the end.
            public var index: Int64
        }
        public struct Parent: Sendable {
            public var stream: Stream
            public var key: JSONPath
        }
        public var name: String
        public var origin: Origin
        /// Parents whose records give values behind those of `origin`.
        public var further: [Parent] = []
        /// Further fields of the parent's record.
        public var carried: [Carried] = []
        /// So many values go into one walk.
        public var batch: Int64 = 1
        /// Between the values of a batch; nil: each has a query parameter or form field of its own.
        public var separator: String? = ","

        public init(name: String, origin: Origin) {
            self.name = name
            self.origin = origin
        }
    }
    public enum Order: Sendable, Equatable {
        /// All pages of one parent before those of the next.
        case parents
        /// As they come.
        case any
    }

    /// The first one turns slowest.
    public var dimensions: [Dimension]
    public var atOnce: Int64 = 4
    public var order = Order.parents
    /// What one parent alone fails with is noted, and the walk goes on without it.
    public var skipsFailures = false
    /// Of the stream as a whole; those of its pagination hold for each parent.
    public var maxPages: Int64?
    public var maxRecords: Int64?

    public init(_ dimensions: [Dimension]) { self.dimensions = dimensions }
}

/// A value that a walk is made for.
public struct OverValue: Sendable, Equatable {
    /// As it stood.
    public var json: String
    /// Of a text its content, of a number its digits as they stood. Nil for everything else, which can be handed on but
    /// goes into no request.
    public var text: String?

    public init(json: String, text: String?) {
        self.json = json
        self.text = text
    }

    /// A text or number of a document.
    public init?(_ value: JSONValue) {
        guard let text = value.scalarText, value.bool == nil else { return nil }
        var writer = JSONWriter()
        if value.string == nil { writer.literal(text) } else { writer.string(text) }
        self.init(json: writer.text, text: text)
    }

    var isNumber: Bool { text != nil && json.utf8.first != UInt8(ascii: "\"") }
}

/// A name and what it stands for in one walk.
public struct OverBinding: Sendable, Equatable {
    public var name: String
    /// Several in a batch.
    public var values: [OverValue]
    public var separator: String?
    /// It may have several values, even where it has one.
    public var isBatch: Bool
    /// Told in metadata and errors; carried fields are not.
    public var isKey: Bool
    /// Of the name that stands for the window itself.
    var window: Window?

    public static func == (a: OverBinding, b: OverBinding) -> Bool {
        a.name == b.name && a.values == b.values && a.separator == b.separator && a.isBatch == b.isBatch
            && a.isKey == b.isKey
    }

    init(
        name: String, values: [OverValue], separator: String? = ",", isBatch: Bool = false, isKey: Bool = true
    ) {
        self.name = name
        self.values = values
        self.separator = separator
        self.isBatch = isBatch
        self.isKey = isKey
    }

    /// Nil when there is a value that goes into no request.
    var text: String? {
        var texts: [String] = []
        for value in values {
            guard let text = value.text else { return nil }
            texts.append(text)
        }
        return texts.joined(separator: separator ?? ",")
    }
}

extension Stream {
    /// The names that the stream's requests may use.
    var overNames: [String] { over?.dimensions.flatMap(\.names) ?? [] }
    /// Walks that are open at least while this one is, itself too.
    var walksAbove: Int {
        (over?.dimensions ?? []).reduce(1) { sum, dimension in
            guard case .stream(let parent, _) = dimension.origin else { return sum }
            return dimension.further.reduce(sum + parent.walksAbove) { $0 + $1.stream.walksAbove }
        }
    }
}

extension OverPlan.Dimension {
    /// Its own ones and those that its parent is walked over itself: `/users/{user_id}/posts/{post_id}/comments`.
    var names: [String] {
        // A batch is made of many parents, which differ in all else; so do several parent streams.
        guard batch == 1, further.isEmpty, case .stream(let parent, _) = origin else { return [name] }
        return [name] + carried.map(\.name) + parent.overNames
    }
}
