internal import Glibc

/// A growing block from `malloc`. Trivial on purpose: libcurl's callbacks reach it through a pointer, with no
/// reference counting in between. Whoever holds it calls `release()` or takes the block.
struct ByteBlock {
    private(set) var start: UnsafeMutableRawPointer?
    private(set) var count = 0
    private(set) var capacity = 0

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    /// False when there is no memory left.
    @inline(__always)
    mutating func append(_ source: UnsafeRawPointer, _ length: Int) -> Bool {
        if length > capacity &- count, !grow(by: length) { return false }
        guard let start else { return length == 0 }
        memcpy(start + count, source, length)
        count &+= length
        return true
    }

    /// Makes room for exactly that many bytes in all.
    mutating func reserve(_ wanted: Int) -> Bool {
        guard wanted > capacity else { return true }
        guard let grown = realloc(start, wanted) else { return false }
        start = grown
        capacity = wanted
        return true
    }

    @inline(never)
    private mutating func grow(by length: Int) -> Bool {
        let (needed, overflow) = count.addingReportingOverflow(length)
        guard !overflow else { return false }
        let doubled = capacity < Int.max / 2 ? capacity * 2 : capacity
        return reserve(max(needed, doubled, 16 << 10))
    }

    var endsWithCRLF: Bool { count >= 2 && bytes[count - 2] == 0x0D && bytes[count - 1] == 0x0A }

    /// Overwrites the last `bytes.count` bytes.
    mutating func overwriteEnd(with byte: UInt8, count length: Int) {
        guard let start, length <= count else { return }
        memset(start + (count - length), Int32(byte), length)
    }

    /// Forgets the bytes and keeps the block.
    mutating func removeAll() { count = 0 }

    /// Hands the block over.
    mutating func take() -> Body {
        defer { self = ByteBlock() }
        return Body(start: start, count: count, capacity: capacity)
    }

    mutating func release() {
        free(start)
        self = ByteBlock()
    }
}
