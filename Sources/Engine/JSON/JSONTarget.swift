/// What a scan is to find: a path, and what of the value there.
public struct JSONTarget: Hashable, Sendable {
    public let path: JSONPath
    /// Whether the elements of the matched value are wanted too: the records of a page.
    public let wantsElements: Bool
    /// Paths from each element, such as its key and its time. They cost only as many comparisons as there are
    /// members on their way.
    public let fields: [JSONPath]

    /// The range and the kind of every value that `path` matches.
    public static func value(_ path: JSONPath) -> JSONTarget {
        JSONTarget(path: path, wantsElements: false, fields: [])
    }

    /// Also the range of every element of the matched values and, in each, of `fields`.
    ///
    /// A field is at most one value: its path has no wildcard.
    public static func elements(_ path: JSONPath, fields: [JSONPath] = []) -> JSONTarget {
        JSONTarget(path: path, wantsElements: true, fields: fields)
    }
}

/// Selectors that are each right but too many together.
public struct JSONSelectionError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}
