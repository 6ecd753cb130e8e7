internal import CLinux
internal import Engine
internal import Glibc

/// Lines that an earlier run wrote, mapped into memory while they are read.
final class EarlierLines: EarlierRecords {
    private let path: String
    private let bytes: Int64
    private let lines: Int64?

    /// - Parameter lines: Only so many, the last ones.
    init(path: String, bytes: Int64, lines: Int64? = nil) throws(Failure) {
        self.path = path
        self.bytes = bytes
        self.lines = lines
    }

    func forEach(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let count = Int(clamping: bytes)
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            return false
        }
        defer { munmap(start, count) }
        madvise(start, count, MADV_SEQUENTIAL)
        var rest = UnsafeRawBufferPointer(start: start, count: count)
        if let lines { rest = Self.last(lines, of: rest) }
        while let base = rest.baseAddress, let end = memchr(base, 0x0A, rest.count) {
            let length = UnsafeRawPointer(end) - base
            body(UnsafeRawBufferPointer(start: base, count: length))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(length + 1))
        }
        return true
    }

    private static func last(_ lines: Int64, of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard lines > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        var left = lines
        // Each line has a line feed behind it: the one before the first wanted line is where that begins.
        for place in stride(from: bytes.count - 1, through: 0, by: -1) where bytes[place] == 0x0A {
            if left == 0 { return UnsafeRawBufferPointer(rebasing: bytes.dropFirst(place + 1)) }
            left -= 1
        }
        return bytes
    }
}
