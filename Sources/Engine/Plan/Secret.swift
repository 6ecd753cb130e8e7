/// A text that nothing may print: not a log, an error, a debugger's description or a mirror.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String
    public init(_ text: String) { self.text = text }

    /// The only way to the text. Called where a request is put together, nowhere else.
    public func reveal() -> String { text }
    public var isEmpty: Bool { text.isEmpty }

    public var description: String { "(secret)" }
    public var debugDescription: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: [:] as KeyValuePairs<String, Any>) }
}
