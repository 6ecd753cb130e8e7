internal import Glibc

/// The decoded body of one response. Owns the block of memory that the transfer wrote it to.
///
/// `@unchecked Sendable`: nobody writes to the block once it is here.
package final class Body: @unchecked Sendable {
    private let start: UnsafeMutableRawPointer?
    package let count: Int
    /// What the block takes, for those who bound memory.
    package let capacity: Int

    /// Takes over a block from `malloc`.
    init(start: UnsafeMutableRawPointer?, count: Int, capacity: Int) {
        self.start = start
        self.count = count
        self.capacity = capacity
    }

    deinit { free(start) }

    /// The bytes; valid inside `read` only.
    package func withBytes<R>(_ read: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) { try read(bytes) }
    }

    /// For a holder of the body who hands the bytes on: Swift releases an object after its last use, so a pointer alone
    /// does not keep them.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
}
