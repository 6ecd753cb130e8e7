/// What may stand at one place of a document.
///
/// Documents are checked against shapes (`Shape+Check`) and the JSON Schema is written from them (`SchemaText`), so the
/// two say the same without anybody keeping them equal. Keys, bounds, defaults and descriptions stand in `Vocabulary`.
indirect enum Shape: Sendable {
    /// Any JSON value: a body that goes out as it is.
    case any
    case null
    case flag
    case number
    case integer(ClosedRange<Int64>)
    case text(TextForm)
    case list(Shape, count: ClosedRange<Int>)
    /// Fixed keys.
    case object(ObjectShape)
    /// Free names.
    case map(names: TextForm, values: Shape)
    /// Alternatives of different JSON types.
    case choice([Shape])
    /// Objects told apart by their first key.
    case keyed([ObjectShape])
    /// Objects told apart by the text under "type".
    case tagged([ObjectShape])
    /// A part with a name of its own: "$defs" in the schema. The way to recursion, too.
    case named(Definition)

    struct Definition: Sendable {
        let name: String
        let description: String
        let shape: @Sendable () -> Shape
        init(_ name: String, _ description: String, _ shape: @escaping @Sendable () -> Shape) {
            self.name = name
            self.description = description
            self.shape = shape
        }
    }

    /// A number of bytes, as such or with a unit.
    static func size(_ bounds: ClosedRange<Int64>) -> Shape { .choice([.integer(bounds), .text(.size(bounds))]) }
    static func duration(_ bounds: ClosedRange<Timespan>) -> Shape { .text(.duration(bounds)) }
    static let line = Shape.text(.line(0...maximumText))
    static let filledLine = Shape.text(.line(1...maximumText))
    static let maximumText = 65_536
}

/// An object with fixed keys.
struct ObjectShape: Sendable {
    var title: String
    /// The text under "type", where that tells objects apart.
    var tag: String?
    var description: String
    var keys: [Key]
    /// Keys of which at most one may be given.
    var exclusive: [[String]] = []
    /// Keys of which at least one must be given.
    var needsOneOf: [String] = []
    /// A key that means nothing without another one.
    var dependent: [(key: String, on: String)] = []

    var names: [String] { (tag == nil ? [] : ["type"]) + keys.map(\.name) }
}

/// One key of an object.
struct Key: Sendable {
    let name: String
    let shape: Shape
    let description: String
    var required = false
    /// What holds when the key is absent.
    var defaultValue: JSONValue?
    var examples: [JSONValue] = []

    init(
        _ name: String, _ shape: Shape, _ description: String, required: Bool = false, default value: JSONValue? = nil,
        examples: [JSONValue] = []
    ) {
        self.name = name
        self.shape = shape
        self.description = description
        self.required = required
        defaultValue = value
        self.examples = examples
    }
}
