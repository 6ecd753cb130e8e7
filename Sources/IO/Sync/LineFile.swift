internal import CLinux
internal import Engine
internal import Glibc

/// A JSON Lines file in the making: written beside its name as `<name>.part`, which whole lines only ever reach, and
/// renamed when the stream is done. A reader of `<name>` never sees half a run.
///
/// `@unchecked Sendable`: used by the writer thread alone once it is made.
final class LineFile: @unchecked Sendable {
    private(set) var path: String
    var partPath: String { path + ".part" }
    private var descriptor: Int32
    private var buffer: UnsafeMutableRawPointer
    private var filled = 0
    /// Bytes of whole lines that are in the file for sure.
    private(set) var written: Int64 = 0
    /// Lines that were written, those of closed files included.
    private(set) var lines: Int64 = 0
    /// What was written to files that are closed.
    private var closed: (bytes: Int64, lines: Int64) = (0, 0)
    var linesOfFile: Int64 { lines - closed.lines }
    var writtenInAll: Int64 { closed.bytes + written }
    /// With what waits, as far as it is known: not yet packed.
    var size: Int64 { written + (packer == nil ? Int64(filled) : 0) }
    private var linesWaiting: Int64 = 0
    /// With those that are on their way.
    var appended: Int64 { lines + linesWaiting }
    /// Of what was written since it was taken; nil: nobody wants it.
    private var hash: ByteHash?
    /// The same of its records; nil: nobody wants it.
    private var records: CanonicalBatch?
    private var isBroken = false
    private let packer: (any Packer)?
    /// A member is begun and not ended.
    private var isPacking = false
    private static let capacity = 256 << 10
    /// Up to where the disk was set to work before the commit that waits for it.
    private var begun: Int64 = 0
    private static let stretch: Int64 = 1 << 20

    init(path: String, _ compression: Compression = .none) throws(Failure) {
        self.path = path
        packer = try compression.packer()
        descriptor = Self.create(path + ".part")
        buffer = .allocate(byteCount: Self.capacity, alignment: 16)
        if descriptor < 0 {
            let failure = LineFile.failure("can't be written", path + ".part")
            buffer.deallocate()
            buffer = .allocate(byteCount: 1, alignment: 1)
            throw failure
        }
    }

    private static func create(_ path: String) -> Int32 {
        uninterrupted { open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644) }
    }

    /// The next file, once all of this one is where it should be.
    func turn(to next: String) throws(Failure) {
        let opened = Self.create(next + ".part")
        guard opened >= 0 else { throw LineFile.failure("can't be written", next + ".part") }
        close(descriptor)
        descriptor = opened
        path = next
        closed = (closed.bytes + written, lines)
        written = 0
        begun = 0
    }

    /// The file of an earlier run, to be written on behind the bytes that are known to be good: see `cut`.
    init(path: String, _ compression: Compression = .none, continuing bytes: Int64) throws(Failure) {
        self.path = path
        packer = try compression.packer()
        // Of a file that nothing was committed of nobody says that it was made.
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (bytes == 0 ? O_CREAT : 0)
        descriptor = Self.uninterrupted { open(path + ".part", flags, 0o644) }
        buffer = .allocate(byteCount: Self.capacity, alignment: 16)
        var status = stat()
        if descriptor < 0 || fstat(descriptor, &status) != 0 {
            throw LineFile.failure("can't be opened, though an earlier run wrote to it", partPath)
        }
        guard Int64(status.st_size) >= bytes else {
            throw Failure(
                .storage,
                "the file \"\(partPath)\" has \(status.st_size) bytes, fewer than the \(bytes) that were written: restore it, or reset the stream to begin anew"
            )
        }
        written = bytes
        begun = bytes
    }

    /// What came behind those bytes goes.
    func cut() throws(Failure) {
        let end = off_t(written)
        if Self.uninterrupted({ ftruncate(descriptor, end) }) != 0 || lseek(descriptor, end, SEEK_SET) != end
            || Self.uninterrupted({ fsync(descriptor) }) != 0
        {
            throw LineFile.failure("can't be cut to what was committed", partPath)
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
        try records?.add(record)
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
        try line.withUnsafeBufferPointer { bytes throws(Failure) in try pack(UnsafeRawBufferPointer(bytes)) }
        lines += 1
    }

    func flush() throws(Failure) {
        let bytes = UnsafeRawBufferPointer(start: buffer, count: filled)
        let count = linesWaiting
        filled = 0
        linesWaiting = 0
        try pack(bytes)
        lines += count
    }

    private func pack(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard let packer else { return try write(bytes) }
        guard !bytes.isEmpty else { return }
        isPacking = true
        try packer.add(bytes) { part throws(Failure) in try write(part) }
    }

    /// What is in the file now can be read by itself.
    ///
    /// - Parameter isLast: Nothing follows: a packed file of no lines is a member of none.
    func settle(isLast: Bool = false) throws(Failure) {
        try flush()
        guard let packer, isPacking || (isLast && written == 0) else { return }
        try packer.end { part throws(Failure) in try write(part) }
        isPacking = false
    }

    // MARK: durable

    func hashes(records wanted: Bool) {
        hash = ByteHash()
        records = wanted ? .byLibcrypto() : nil
    }

    func takeRecordsHash() throws(Failure) -> String? { try records?.takeHex() }

    /// Of what was written since the last time.
    func takeHash() throws(Failure) -> String { try hash?.takeHex() ?? "" }

    /// All lines so far are on disk. Once it has failed it can't be said what is: nothing is tried again.
    func sync(isLast: Bool = false) throws(Failure) {
        try settle(isLast: isLast)
        if isBroken || Self.uninterrupted({ fdatasync(descriptor) }) != 0 {
            isBroken = true
            throw LineFile.failure("can't be made durable", partPath)
        }
    }

    func sha256(from start: Int64, to end: Int64) throws(Failure) -> String {
        do {
            return try LineFile.sha256(of: descriptor, from: start, to: end)
        } catch {
            throw LineFile.failure("can't be read", partPath)
        }
    }

    /// Of a stretch of a file, which is as long as that.
    static func sha256(of descriptor: Int32, from start: Int64, to end: Int64) throws(Failure) -> String {
        var hash = ByteHash()
        var place = start
        let size = 1 << 16
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        defer { memory.deallocate() }
        while place < end {
            let count = pread(descriptor, memory, min(size, Int(clamping: end - place)), off_t(place))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Failure(.storage, "the file ends too early") }
            hash.add(UnsafeRawBufferPointer(start: memory, count: count))
            place += Int64(count)
        }
        return try hash.takeHex()
    }

    /// The names in the file's directory are on disk.
    static func syncDirectory(of path: String) throws(Failure) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = uninterrupted { open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw failure("can't be opened", directory) }
        defer { close(descriptor) }
        if uninterrupted({ fsync(descriptor) }) != 0 { throw failure("can't be made durable", directory) }
    }

    /// The directory of a path, as it is called whatever the working directory is.
    static func absolute(_ path: String) throws(Failure) -> String {
        let cut = path.lastIndex(of: "/")
        let directory = cut.map { String(path[..<$0]) } ?? "."
        guard let found = realpath(directory.isEmpty ? "/" : directory, nil) else {
            throw failure("can't be found", directory)
        }
        defer { free(found) }
        let name = cut.map { String(path[path.index(after: $0)...]) } ?? path
        let base = String(cString: found)
        return (base == "/" ? "" : base) + "/" + name
    }

    /// The whole run is on disk, under its name.
    func finish() throws(Failure) {
        try settle(isLast: true)
        if Self.uninterrupted({ fdatasync(descriptor) }) != 0 {
            throw LineFile.failure("can't be made durable", partPath)
        }
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
                _ = Self.uninterrupted { ftruncate(descriptor, Int(written)) }
                _ = lseek(descriptor, Int(written), SEEK_SET)
                throw failure
            }
            done += count
        }
        written += Int64(bytes.count)
        hash?.add(bytes)
        if hash != nil, written - begun >= Self.stretch {
            penstock_begin_writing(descriptor, begun, written - begun)
            begun = written
        }
    }

    /// A signal that comes in the middle of a call is no reason to give up.
    static func uninterrupted(_ call: () -> Int32) -> Int32 {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    static func failure(_ what: String, _ path: String) -> Failure {
        let reason = String(cString: strerror(errno))
        return Failure(.storage, "the file \"\(path)\" \(what): \(reason)")
    }
}
