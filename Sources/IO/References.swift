internal import CLinux
public import Engine
internal import Glibc

/// What documents refer to, looked up in this process: its environment and its files.
public struct ProcessReferences: References {
    /// Secrets and rules of zones are short: a larger file is the wrong one.
    public static let maximumBytes = 64 << 10

    public init() {}

    public func environment(_ name: String) -> [UInt8]? {
        guard let value = getenv(name) else { return nil }
        return Array(UnsafeRawBufferPointer(start: value, count: strlen(value)))
    }

    public func file(_ path: String) throws(ReferenceError) -> [UInt8] {
        try Self.read(path, atMost: Self.maximumBytes)
    }

    public func zone(_ name: String) throws(ReferenceError) -> [UInt8] {
        let named = getenv("TZDIR").map { String(cString: $0) } ?? ""
        let directory = named.isEmpty ? Self.zoneDirectory : named
        do throws(ReferenceError) {
            return try Self.read(directory + "/" + name, atMost: Self.maximumBytes)
        } catch {
            var status = stat()
            guard stat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw ReferenceError(
                    "there is no database of time zones in \(directory) (install tzdata, or set TZDIR)")
            }
            throw ReferenceError("\(directory)/\(name) \(error.reason)")
        }
    }

    private static let zoneDirectory = "/usr/share/zoneinfo"

    public func problem(ofKey key: Secret, _ algorithm: SignatureAlgorithm) -> String? {
        SystemNotary.problem(ofKey: key, algorithm)
    }

    public func document(_ path: String) throws(ReferenceError) -> JSONValue {
        let bytes = try Self.read(path, atMost: Documents.maximumBytes)
        do throws(Failure) {
            return try Documents.parse(bytes)
        } catch { throw ReferenceError("can't be read: \(error.message)") }
    }

    public func decode(_ text: String) -> JSONValue? { try? Documents.parse(Array(text.utf8)) }

    private static func read(_ path: String, atMost limit: Int) throws(ReferenceError) -> [UInt8] {
        // Not blocking: opening a pipe that nobody writes to would wait for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw ReferenceError("can't be opened: \(reason(errno))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw ReferenceError("can't be read: \(reason(errno))") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw ReferenceError("is not a regular file") }
        // One byte more than allowed tells a file that is too large, whatever its status says.
        var bytes = [UInt8](repeating: 0, count: min(limit, max(0, Int(status.st_size))) + 1)
        var count = 0
        while count <= limit {
            if count == bytes.count { bytes.append(contentsOf: repeatElement(0, count: min(count, limit + 1 - count))) }
            let received = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            if received == 0 { break }
            guard received > 0 else {
                if errno == EINTR { continue }
                throw ReferenceError("can't be read: \(reason(errno))")
            }
            count += received
        }
        guard count <= limit else { throw ReferenceError("is larger than \(limit >> 10) KiB") }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT: "it does not exist"
        case EACCES: "permission denied"
        case EISDIR: "it is a directory"
        default: "errno \(code)"
        }
    }
}
