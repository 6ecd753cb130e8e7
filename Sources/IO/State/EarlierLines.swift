internal import CLinux
internal import Engine
internal import Glibc

/// Lines that an earlier run wrote: mapped into memory while they are read, or unpacked piece by piece.
final class EarlierLines: EarlierRecords {
    struct File: Sendable {
        var path: String
        /// What counts of it.
        var bytes: Int64
        var lines: Int64
    }

    /// With how many lines at its beginning are left out.
    private let files: [(file: File, skipped: Int64)]
    private let compression: Compression

    /// - Parameters:
    ///   - files: In their order.
    ///   - last: Only so many lines, the last ones of all.
    init(_ files: [File], _ compression: Compression, last: Int64? = nil) {
        self.compression = compression
        var wanted = last ?? .max
        var chosen: [(File, Int64)] = []
        for file in files.reversed() where wanted > 0 {
            chosen.append((file, max(0, file.lines - wanted)))
            wanted -= min(wanted, max(0, file.lines))
        }
        self.files = chosen.reversed()
    }

    func forEach(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        files.allSatisfy { file, skipped in
            guard file.bytes > 0 else { return true }
            let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { return false }
            defer { close(descriptor) }
            let count = Int(clamping: file.bytes)
            var status = stat()
            guard fstat(descriptor, &status) == 0, Int64(status.st_size) >= file.bytes,
                let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED
            else { return false }
            defer { munmap(start, count) }
            madvise(start, count, MADV_SEQUENTIAL)
            let bytes = UnsafeRawBufferPointer(start: start, count: count)
            switch compression {
            case .none:
                Self.lines(of: skipped > 0 ? Self.last(file.lines - skipped, of: bytes) : bytes, body)
                return true
            case .gzip, .zstd: return Self.unpack(bytes, compression, skipping: skipped, body)
            }
        }
    }

    /// The lines of a stretch of a file, which begins and ends where lines and members do.
    static func forEach(
        of descriptor: Int32, from start: Int64, to end: Int64, _ compression: Compression,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        let size = Int(clamping: end - start)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, size), alignment: 16)
        defer { memory.deallocate() }
        var done = 0
        while done < size {
            let count = pread(descriptor, memory + done, size - done, off_t(start + Int64(done)))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        let bytes = UnsafeRawBufferPointer(start: memory, count: size)
        guard compression == .none else { return unpack(bytes, compression, skipping: 0, body) }
        return lines(of: bytes, body).isEmpty
    }

    /// What is behind the last line feed.
    @discardableResult
    private static func lines(
        of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) -> UnsafeRawBufferPointer {
        var rest = bytes
        while let base = rest.baseAddress, let end = memchr(base, 0x0A, rest.count) {
            let length = UnsafeRawPointer(end) - base
            body(UnsafeRawBufferPointer(start: base, count: length))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(length + 1))
        }
        return rest
    }

    private static func unpack(
        _ bytes: UnsafeRawBufferPointer, _ compression: Compression, skipping: Int64,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        guard let unpacker = try? compression.unpacker() else { return false }
        var left = skipping
        // The beginning of a line whose end is yet to come.
        var begun: [UInt8] = []
        return unpacker.add(bytes) { part in
            begun += part
            guard let base = part.baseAddress, memchr(base, 0x0A, part.count) != nil else { return }
            let rest = begun.withUnsafeBytes { all in
                lines(of: all) { line in
                    if left > 0 { left -= 1 } else { body(line) }
                }.count
            }
            begun.removeFirst(begun.count - rest)
        }
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
