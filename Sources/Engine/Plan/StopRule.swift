/// What ends a walk besides the rules of its style: a value of the page that passes a test.
public struct StopRule: Sendable, Equatable {
    public enum Test: Sendable, Equatable {
        /// Null, not there, an empty text, list or object.
        case empty
        case isTrue, isFalse, zero
        /// A URL that leads to the page it stands on.
        case thisURL
        /// The same text, number or flag; a number and its text are the same.
        case equals(ValueSource)
        /// Both whole numbers.
        case atLeast(ValueSource)
    }
    public var source: ValueSource
    public var test: Test
    public init(source: ValueSource, test: Test) {
        self.source = source
        self.test = test
    }

    var sources: [ValueSource] {
        switch test {
        case .equals(let other), .atLeast(let other): [source, other]
        default: [source]
        }
    }
}
