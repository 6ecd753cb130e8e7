/// What may go into a header field that we send. libcurl sends header lines as they are, so a line break in a value
/// from outside (a cursor, a token) would start a header, or a request, of someone else's making.
public enum HeaderRules {
    /// RFC 9110, 5.1: a field name is a token.
    public static func isToken(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy(ByteSet.token.contains)
    }

    /// RFC 9110, 5.5: no CR, LF, NUL or other control character but the tab.
    public static func isSafeValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { !ASCII.isControl($0) || $0 == 0x09 }
    }

    /// Nothing above this many bytes of one value is looked at.
    static let longestValue = 64 * 1024
}
