internal import CLinux
internal import Engine
internal import Glibc

/// Lines of text into a file descriptor that nobody has to wait for. What it does not take now waits here, up to a
/// bound; what is beyond that is dropped and counted.
///
/// `@unchecked Sendable`: used by one client's I/O thread alone, on which SIGPIPE is blocked.
final class LogSink: @unchecked Sendable {
    let level: EventLevel
    let isText: Bool
    private let descriptor: Int32
    /// A regular file takes all; anything else is asked before.
    private let mayBlock: Bool
    private var waiting: [UInt8] = []
    private var dropped: Int64 = 0
    private var isBroken = false
    private(set) var totalDropped: Int64 = 0
    private static let mostWaiting = 256 << 10

    init(_ plan: LogPlan) throws(Failure) {
        level = plan.level
        let opened: Int32
        switch plan.target {
        case .descriptor(let number):
            opened = Self.own(number)
            if opened < 0 { throw Failure(.config, "the file descriptor \(number) is not open", pointer: "/log/fd") }
        case .file(let path):
            opened = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o600)
            if opened < 0 {
                let reason = String(cString: strerror(errno))
                throw Failure(.storage, "the log file \"\(path)\" can't be opened: \(reason)", pointer: "/log/file")
            }
        }
        descriptor = opened
        var status = stat()
        mayBlock = fstat(opened, &status) != 0 || status.st_mode & S_IFMT != S_IFREG
        isText = plan.form.map { $0 == .text } ?? (isatty(opened) != 0)
    }

    deinit { close(descriptor) }

    /// The same file with a state of its own: that it does not block is nobody else's business.
    private static func own(_ number: Int32) -> Int32 {
        var status = stat()
        guard fstat(number, &status) == 0 else { return -1 }
        let kind = status.st_mode & S_IFMT
        if kind == S_IFIFO || kind == S_IFCHR {
            let again = open("/proc/self/fd/\(number)", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
            if again >= 0 { return again }
        }
        return fcntl(number, F_DUPFD_CLOEXEC, 3)
    }

    /// The lines that did not get through since the last one.
    func write(_ line: String) {
        if waiting.count > Self.mostWaiting || isBroken {
            dropped &+= 1
            totalDropped &+= 1
            return flush()
        }
        if dropped > 0 {
            let note =
                isText ? "\(dropped) lines were dropped\n" : "{\"v\":1,\"event\":\"dropped\",\"count\":\(dropped)}\n"
            waiting.append(contentsOf: note.utf8)
            dropped = 0
        }
        waiting.append(contentsOf: line.utf8)
        waiting.append(0x0A)
        flush()
    }

    func flush() {
        guard !waiting.isEmpty, !isBroken else { return }
        var done = 0
        waiting.withUnsafeBytes { bytes in
            while done < bytes.count, let base = bytes.baseAddress {
                // So much fits when a pipe says that there is room (PIPE_BUF).
                let size = mayBlock ? min(bytes.count - done, 4096) : bytes.count - done
                if mayBlock {
                    var one = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    guard poll(&one, 1, 0) > 0 else { return }
                }
                let count = Glibc.write(descriptor, base + done, size)
                if count < 0 && errno == EINTR { continue }
                if count < 0 && errno == EAGAIN { return }
                guard count > 0 else {
                    // A closed pipe stays closed. A full disk may have room later: what is lost is counted.
                    if errno == EPIPE || errno == EBADF { isBroken = true }
                    var lines: Int64 = 0
                    for byte in bytes[done...] where byte == 0x0A { lines += 1 }
                    dropped &+= lines
                    totalDropped &+= lines
                    done = bytes.count
                    return
                }
                done += count
            }
        }
        waiting.removeFirst(done)
    }

    /// What `PENSTOCK_LOG` says of every client of the process.
    static func ofEnvironment() -> LogSink? {
        guard let text = getenv("PENSTOCK_LOG"), let plan = LogPlan(environment: String(cString: text)) else {
            return nil
        }
        // Without a stderr there is nobody to tell.
        return try? LogSink(plan)
    }
}
