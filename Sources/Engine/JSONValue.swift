/// A JSON value that the engine looked at: decoded by jansson in IO, handed in as this.
///
/// Only small things become values (tokens, flags, totals, documents). Record bytes never do.
public indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case real(Double)
    /// A number that neither `Int64` nor a finite `Double` holds exactly enough to hand on: its text as it stood.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Members in the order of the text. Of a repeated name the last one counts.
    case object([Member])

    public struct Member: Equatable, Sendable {
        public var name: String
        public var value: JSONValue
        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }
}
