internal import Engine
internal import Glibc

/// A JSON Lines file in the making: written beside its name as `<name>.part`, which whole lines only ever reach, and
/// renamed when the stream is done. A reader of `<name>` never sees half a run.
///
/// `@unchecked Sendable`: used by the writer thread alone once it is made.
final class LineFile: @unchecked Sendable {
    let path: String
    var partPath: String { path + ".part" }
    private var descriptor: Int32
    private var buffer: UnsafeMutableRawPointer
    private var filled = 0
    /// Bytes of whole lines that are in the file for sure.
    private(set) var written: Int64 = 0
    /// Lines among them.
    private(set) var lines: Int64 = 0
    private var linesWaiting: Int64 = 0
    private static let capacity = 256 << 10

    init(path: String) throws(Failure) {
        self.path = path
        descriptor = open(path + ".part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        buffer = .allocate(byteCount: Self.capacity, alignment: 16)
        if descriptor < 0 {
            let failure = LineFile.failure("can't be written", path + ".part")
            buffer.deallocate()
            buffer = .allocate(byteCount: 1, alignment: 1)
            throw failure
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        buffer.deallocate()
    }

    /// One line. Line breaks between the tokens of a pretty-printed record are left out: inside a string none can
    /// stand (RFC 8259 section 7), so the value stays what it was.
    func append(_ record: UnsafeRawBufferPointer) throws(Failure) {
        guard let base = record.baseAddress, !record.isEmpty else { return }
        if record.count + 1 > Self.capacity - filled { try flush() }
        let isSingleLine = memchr(base, 0x0A, record.count) == nil && memchr(base, 0x0D, record.count) == nil
        if isSingleLine, record.count + 1 <= Self.capacity {
            memcpy(buffer + filled, base, record.count)
            (buffer + filled + record.count).storeBytes(of: 0x0A, as: UInt8.self)
            filled += record.count + 1
            linesWaiting += 1
            return
        }
        var line = [UInt8]()
        line.reserveCapacity(record.count + 1)
        for byte in record where byte != 0x0A && byte != 0x0D { line.append(byte) }
        line.append(0x0A)
        try flush()
        try line.withUnsafeBufferPointer { bytes throws(Failure) in try write(UnsafeRawBufferPointer(bytes)) }
        lines += 1
    }

    func flush() throws(Failure) {
        let bytes = UnsafeRawBufferPointer(start: buffer, count: filled)
        let count = linesWaiting
        filled = 0
        linesWaiting = 0
        try write(bytes)
        lines += count
    }

    /// The whole run is on disk, under its name.
    func finish() throws(Failure) {
        try flush()
        if fdatasync(descriptor) != 0 { throw LineFile.failure("can't be made durable", partPath) }
        if rename(partPath, path) != 0 { throw LineFile.failure("can't be renamed", partPath) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = Glibc.write(descriptor, base + done, bytes.count - done)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 {
                let failure = LineFile.failure("can't be written", partPath)
                // No torn line stays behind.
                _ = ftruncate(descriptor, Int(written))
                _ = lseek(descriptor, Int(written), SEEK_SET)
                throw failure
            }
            done += count
        }
        written += Int64(bytes.count)
    }

    static func failure(_ what: String, _ path: String) -> Failure {
        let reason = String(cString: strerror(errno))
        return Failure(.storage, "the file \"\(path)\" \(what): \(reason)")
    }
}
