/// Which values of a body are the records.
public enum RecordsPlan: Sendable, Equatable {
    /// A bare list, else `data`, `results`, `items`, `records`, else the object as one record.
    case detect
    case path(JSONPath)
    /// The first of these places that is there.
    case first([JSONPath])
    /// All of these places, one after the other.
    case union([JSONPath])
}

/// What becomes of a stream's records between the body and the host, in this order: shape, filter, duplicates,
/// additions.
public struct RecordRules: Sendable, Equatable {
    public var shape: RecordShape?
    public var filter: RecordFilter?
    public var additions: [Addition] = []
    /// What tells records apart: one path or several together; none when empty.
    public var key: [JSONPath] = []
    public var duplicates = DuplicatesPlan()
    /// Whose field's values are read.
    var incremental: IncrementalPlan?

    public init() {}
}

/// How the value at the records' place becomes records.
public enum RecordShape: Sendable, Equatable {
    /// The values of an object. Each value's name goes into `keyField`; with `valueField` the value is wrapped.
    case objectMap(keyField: String?, valueField: String?)
    /// The elements of a list, each wrapped in a field.
    case scalars(field: String)
    /// A list of lists; the names are the first one, or stand elsewhere in the body.
    case rowsWithHeader(names: JSONPath?)
    /// An object of lists of equal length: one record for each place in them.
    case columns
    /// The children of each record, with fields of their parent.
    case explode(JSONPath, carried: [Carried])

    public struct Carried: Sendable, Equatable {
        public var name: String
        public var path: JSONPath
    }

    /// The server counts these records as they are found, not what becomes of them.
    var countsParents: Bool {
        if case .explode = self { true } else { false }
    }
}

/// A member that each record is given.
public struct Addition: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case constant(JSONValue)
        case parameter(String)
        /// What the walk is made for, as it stood in its parent.
        case over(String)
    }
    public var name: String
    public var value: Value
}

/// What is remembered of keys, so that a record that comes twice in a walk is handed over once.
public struct DuplicatesPlan: Sendable, Equatable {
    public var isDropping = true
    public var maxKeys: Int64 = 10_000_000
    /// Instead of forgetting the older half.
    public var failsWhenFull = false
    /// Records of earlier runs count, too, by their content; see `RecordIdentity`.
    public var acrossRuns = false

    public init() {}
}

/// Which records are handed over, by their own fields.
public indirect enum RecordFilter: Sendable, Equatable {
    case all([RecordFilter])
    case any([RecordFilter])
    case not(RecordFilter)
    case test(Test)

    public enum Operator: String, Sendable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case oneOf = "in"
        case exists
    }
    public struct Test: Sendable, Equatable {
        public var path: JSONPath
        public var comparison: Operator
        public var operands: [Operand]
        /// Its path's place among the fields that a reader asks for.
        var field = 0
    }
}
