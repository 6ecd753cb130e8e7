internal import CZlib
internal import Engine

/// zlib looks at where its structure lies, so that has a place of its own.
private func makeStream() -> UnsafeMutablePointer<z_stream> {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    return stream
}

/// A part of it, since zlib counts in 32 bits.
///
/// - Returns: What is left for the next time.
private func setInput(
    _ bytes: UnsafeRawBufferPointer, of stream: UnsafeMutablePointer<z_stream>
) -> UnsafeRawBufferPointer {
    let count = min(bytes.count, 1 << 20)
    stream.pointee.next_in = UnsafeMutablePointer(
        mutating: bytes.baseAddress?.assumingMemoryBound(to: Bytef.self))
    stream.pointee.avail_in = uInt(clamping: count)
    return UnsafeRawBufferPointer(rebasing: bytes.dropFirst(count))
}

private func setOutput(_ buffer: PackingBuffer, of stream: UnsafeMutablePointer<z_stream>) {
    stream.pointee.next_out = buffer.start.assumingMemoryBound(to: Bytef.self)
    stream.pointee.avail_out = uInt(clamping: PackingBuffer.capacity)
}

/// Members of gzip (RFC 1952).
final class GzipPacker: Packer {
    private let stream = makeStream()
    private let buffer = PackingBuffer()
    /// zlib's own default: higher ones cost much more than they gain.
    private static let level: Int32 = 6

    init() throws(Failure) {
        guard penstock_zlib_begin_gzip(stream, Self.level) == Z_OK else {
            throw Failure(.noMemory, "no memory to pack with gzip")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func add(_ bytes: UnsafeRawBufferPointer, into sink: Sink) throws(Failure) {
        var rest = bytes
        while !rest.isEmpty {
            rest = setInput(rest, of: stream)
            while stream.pointee.avail_in > 0 { _ = try step(Z_NO_FLUSH, into: sink) }
        }
    }

    func end(into sink: Sink) throws(Failure) {
        _ = setInput(UnsafeRawBufferPointer(start: nil, count: 0), of: stream)
        while try step(Z_FINISH, into: sink) != Z_STREAM_END {}
        guard deflateReset(stream) == Z_OK else { throw Self.broken }
    }

    private func step(_ flush: Int32, into sink: Sink) throws(Failure) -> Int32 {
        setOutput(buffer, of: stream)
        let code = deflate(stream, flush)
        // That there was nothing to do is no error.
        guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw Self.broken }
        let count = PackingBuffer.capacity - Int(stream.pointee.avail_out)
        if code == Z_BUF_ERROR, count == 0, flush == Z_FINISH { throw Self.broken }
        if count > 0 { try sink(buffer.first(count)) }
        return code
    }

    private static var broken: Failure { Failure(.storage, "zlib can't pack with gzip any more") }
}

final class GzipUnpacker: Unpacker {
    private let stream = makeStream()
    private let buffer = PackingBuffer()

    init() throws(Failure) {
        guard penstock_zlib_begin_gunzip(stream) == Z_OK else {
            throw Failure(.noMemory, "no memory to unpack gzip")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func add(_ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) -> Void) -> Bool {
        var rest = bytes
        var isFull = false
        while stream.pointee.avail_in > 0 || isFull || !rest.isEmpty {
            if stream.pointee.avail_in == 0 { rest = setInput(rest, of: stream) }
            setOutput(buffer, of: stream)
            let code = inflate(stream, Z_NO_FLUSH)
            let count = PackingBuffer.capacity - Int(stream.pointee.avail_out)
            isFull = count == PackingBuffer.capacity
            if count > 0 { sink(buffer.first(count)) }
            switch code {
            case Z_OK: break
            case Z_BUF_ERROR where count == 0: isFull = false
            case Z_STREAM_END:
                // Another member may follow.
                isFull = false
                if inflateReset(stream) != Z_OK { return false }
            default: return false
            }
        }
        return true
    }
}
