/// A text that nothing may print: not a log, an error, a debugger's description or a mirror. Its bytes stand in one
/// place, however often it is handed on, and are overwritten when the last one lets go of it.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let bytes: SecretBytes
    public init(_ text: String) { bytes = SecretBytes(text) }

    /// The only way to the text. Called where a request is put together, nowhere else; the copy lives no longer than that.
    public func reveal() -> String { String(decoding: bytes.all, as: UTF8.self) }
    public var isEmpty: Bool { bytes.all.isEmpty }

    public static func == (a: Secret, b: Secret) -> Bool {
        a.bytes === b.bytes || a.bytes.all.elementsEqual(b.bytes.all)
    }

    public var description: String { "(secret)" }
    public var debugDescription: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: [:] as KeyValuePairs<String, Any>) }
}

/// `@unchecked Sendable`: written once, before anybody else sees it.
private final class SecretBytes: @unchecked Sendable {
    private let start: UnsafeMutableBufferPointer<UInt8>

    init(_ text: String) {
        start = .allocate(capacity: text.utf8.count)
        _ = start.initialize(from: text.utf8)
    }

    deinit {
        overwrite(start)
        start.deallocate()
    }

    var all: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start) }
}

/// Not optimised: what is written and never read would be left out.
@inline(never) @_optimize(none) private func overwrite(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
    bytes.update(repeating: 0)
}
