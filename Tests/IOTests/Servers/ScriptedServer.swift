import Foundation
import Glibc

/// A server on loopback that does with each connection exactly what its script says, well-behaved or not.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        /// Counted from 0 in the order of accepting.
        var connection: Int
        /// Request line and headers as received, without the blank line.
        var head: String
        var body: [UInt8]
    }

    private let listener: Int32
    let port: Int
    private let received = Guarded<[Request]>([])
    private let open = Guarded<[Int32]>([])

    var url: String { "http://127.0.0.1:\(port)/" }
    var requests: [Request] { received.withLock { $0 } }
    var connectionCount: Int { Set(requests.map(\.connection)).count }

    /// The script runs on a thread of its own for every connection; the connection is closed when it returns.
    init(_ script: @escaping @Sendable (ScriptedConnection) -> Void) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 256)
                _ = getsockname(listener, $0, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            var index = 0
            while true {
                let client = accept(listener, nil, nil)
                // Closed here and nowhere else: a number closed by another thread may be a new server's already.
                guard client >= 0 else {
                    close(listener)
                    return
                }
                open.withLock { $0.append(client) }
                let connection = ScriptedConnection(
                    descriptor: client, index: index,
                    record: { [self] request in received.withLock { $0.append(request) } },
                    willClose: { [self] in open.withLock { $0.removeAll { $0 == client } } })
                index += 1
                Thread.detachNewThread {
                    script(connection)
                    connection.close()
                }
            }
        }
    }

    /// Every request is answered with the same bytes, on connections that are kept.
    convenience init(answering answer: String) {
        self.init { connection in
            while connection.request() != nil { connection.send(answer) }
        }
    }

    /// Every connection's first request is answered with these bytes; then the connection is closed.
    convenience init(answeringOnce answer: [UInt8]) {
        self.init { connection in
            guard connection.request() != nil else { return }
            connection.send(answer)
        }
    }

    /// Ends the accepting thread and lets every script see the end of its connection.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        open.withLock { for client in $0 { shutdown(client, Int32(SHUT_RDWR)) } }
    }
}

/// One accepted connection in the hands of its script. Used by the script's thread only.
final class ScriptedConnection: @unchecked Sendable {
    let index: Int
    private let descriptor: Int32
    private let record: @Sendable (ScriptedServer.Request) -> Void
    private let willClose: @Sendable () -> Void
    private var pending: [UInt8] = []
    private var isOpen = true
    /// Before each read of 64 KiB at most.
    var readPause: UInt32 = 0

    init(
        descriptor: Int32, index: Int, record: @escaping @Sendable (ScriptedServer.Request) -> Void,
        willClose: @escaping @Sendable () -> Void
    ) {
        self.descriptor = descriptor
        self.index = index
        self.record = record
        self.willClose = willClose
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The next request with its body; nil when the client has closed.
    func request() -> ScriptedServer.Request? {
        while true {
            if let end = pending.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: pending[..<end.lowerBound], as: UTF8.self)
                let length =
                    head.split(separator: "\r\n").compactMap { line -> Int? in
                        line.lowercased().hasPrefix("content-length: ") ? Int(line.dropFirst(16)) : nil
                    }.first ?? 0
                while pending.count < end.upperBound + length { guard receive() else { return nil } }
                let body = Array(pending[end.upperBound..<end.upperBound + length])
                pending.removeFirst(end.upperBound + length)
                let request = ScriptedServer.Request(connection: index, head: head, body: body)
                record(request)
                return request
            }
            guard receive() else { return nil }
        }
    }

    private func receive() -> Bool {
        if readPause > 0 { pause(milliseconds: readPause) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        pending += buffer[..<count]
        return true
    }

    @discardableResult func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }

    /// Until the client closes; what it sends is dropped.
    func waitForEnd() { while receive() { pending = [] } }

    /// The connection ends with RST.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        willClose()
        Glibc.close(descriptor)
    }
}

/// A value behind a lock that the thread sanitizer knows; it takes the slow path of `Mutex` for no lock at all.
final class Guarded<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func withLock<R>(_ work: (inout Value) -> R) -> R {
        lock.lock()
        defer { lock.unlock() }
        return work(&value)
    }
}
