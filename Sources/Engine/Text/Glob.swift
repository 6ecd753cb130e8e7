/// A text in which `*` stands for any run of characters, also none and also slashes.
public struct Glob: Sendable, Equatable {
    public let text: String
    private let pattern: [UInt8]

    public init(_ text: String) {
        self.text = text
        pattern = Array(text.utf8)
    }

    /// Linear for one star, at worst pattern times text: no backtracking beyond the last star.
    public func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var (at, index) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while index < bytes.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = (at, index)
                at += 1
            } else if at < pattern.count, pattern[at] == bytes[index] {
                at += 1
                index += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                at = last.pattern + 1
                index = last.text + 1
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
