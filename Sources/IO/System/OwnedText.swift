internal import Glibc

/// Bytes at an address that does not move, followed by a NUL that is not counted: what is lent to C.
///
/// `@unchecked Sendable`: written once, before anybody else sees it.
package final class OwnedText: @unchecked Sendable {
    private let start: UnsafeMutablePointer<UInt8>
    private let count: Int

    package convenience init(_ text: String) { self.init(Array(text.utf8)) }

    package init(_ utf8: [UInt8]) {
        count = utf8.count
        start = .allocate(capacity: count + 1)
        (start + count).initialize(to: 0)
        utf8.withUnsafeBufferPointer { bytes in
            if let base = bytes.baseAddress { start.initialize(from: base, count: count) }
        }
    }

    deinit { start.deallocate() }

    /// Valid as long as this is.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
    package var cString: UnsafePointer<CChar> { UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self) }
}
