internal import Engine

/// Takes lines in and gives packed bytes, member by member.
protocol Packer: AnyObject {
    typealias Sink = (UnsafeRawBufferPointer) throws(Failure) -> Void

    /// Begins a member where none is open.
    func add(_ bytes: UnsafeRawBufferPointer, into sink: Sink) throws(Failure)

    /// All that was added can be unpacked from what the sink has got. Without an open member: one of nothing.
    func end(into sink: Sink) throws(Failure)
}

/// Takes whole members in and gives what was packed.
protocol Unpacker: AnyObject {
    /// Any part of the packed bytes, in their order. False: that is nothing that was packed so.
    func add(_ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) -> Void) -> Bool
}

extension Compression {
    /// - Returns: Nil: bytes stay as they are.
    func packer() throws(Failure) -> (any Packer)? {
        switch self {
        case .none: nil
        case .gzip: try GzipPacker()
        case .zstd: try ZstdPacker(try Zstd.shared.get())
        }
    }

    func unpacker() throws(Failure) -> (any Unpacker)? {
        switch self {
        case .none: nil
        case .gzip: try GzipUnpacker()
        case .zstd: try ZstdUnpacker(try Zstd.shared.get())
        }
    }
}

/// Where packed or unpacked bytes stand until they are handed on.
final class PackingBuffer {
    static let capacity = 1 << 16
    let start = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)

    deinit { start.deallocate() }

    func first(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start, count: min(max(0, count), Self.capacity))
    }
}
