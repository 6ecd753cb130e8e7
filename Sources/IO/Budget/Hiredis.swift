internal import Engine
internal import Glibc

/// hiredis, loaded when a budget or a state is kept in Redis and not before: the library needs none.
///
/// Its two structures that are looked into have a layout each before version 1 and from then on.
///
/// `@unchecked Sendable`: functions of a library that is never unloaded.
final class Hiredis: @unchecked Sendable {
    typealias Context = UnsafeMutableRawPointer
    typealias Reply = UnsafeMutableRawPointer

    private typealias Connect = @convention(c) (UnsafePointer<CChar>, Int32, timeval) -> Context?
    private typealias ConnectUnix = @convention(c) (UnsafePointer<CChar>, timeval) -> Context?
    private typealias SetTimeout = @convention(c) (Context, timeval) -> Int32
    private typealias Command =
        @convention(c) (
            Context, Int32, UnsafeMutablePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int>?
        ) -> Reply?
    private typealias Free = @convention(c) (UnsafeMutableRawPointer) -> Void

    private let connect: Connect
    private let connectUnix: ConnectUnix
    private let setTimeout: SetTimeout
    private let command: Command
    private let freeReply: Free
    private let freeContext: Free
    private let isBeforeOne: Bool

    /// Debian's and others' names, the oldest first since it is Debian 12's.
    private static let names = ["0.14", "1", "1.0.0", "1.1.0", "1.2.0", "1.3.0"]

    init() throws(Failure) {
        var found: (UnsafeMutableRawPointer, Bool)?
        for name in Self.names {
            if let library = dlopen("libhiredis.so.\(name)", RTLD_NOW | RTLD_LOCAL) {
                found = (library, name == "0.14")
                break
            }
        }
        guard let (library, isOld) = found else {
            throw Failure(
                .config,
                "what is kept in Redis needs the library hiredis (Debian: libhiredis0.14 or libhiredis1.1.0), and it can't "
                    + "be loaded")
        }
        isBeforeOne = isOld
        func symbol<T>(_ name: String, as type: T.Type) throws(Failure) -> T {
            guard let address = dlsym(library, name) else {
                throw Failure(.config, "the library hiredis has no function \(name)")
            }
            return unsafeBitCast(address, to: type)
        }
        connect = try symbol("redisConnectWithTimeout", as: Connect.self)
        connectUnix = try symbol("redisConnectUnixWithTimeout", as: ConnectUnix.self)
        setTimeout = try symbol("redisSetTimeout", as: SetTimeout.self)
        command = try symbol("redisCommandArgv", as: Command.self)
        freeReply = try symbol("freeReplyObject", as: Free.self)
        freeContext = try symbol("redisFree", as: Free.self)
    }

    enum Answer: Equatable {
        case text(String)
        case list([String?])
        /// What Redis said against it.
        case refused(String)
        /// The connection is of no more use.
        case broken(String)
    }

    /// - Returns: Nil with the reason when nobody answers.
    func open(
        _ address: RedisAccess.Address, connectWithin: Timespan, answerWithin: Timespan
    ) -> Result<Context, Broken> {
        let context =
            switch address {
            case .tcp(let host, let port): connect(host, port, Self.time(connectWithin))
            case .unix(let path): connectUnix(path, Self.time(connectWithin))
            }
        guard let context else { return .failure(Broken(reason: "no memory for a connection")) }
        if let reason = error(of: context) {
            freeContext(context)
            return .failure(Broken(reason: reason))
        }
        _ = setTimeout(context, Self.time(answerWithin))
        return .success(context)
    }

    struct Broken: Error { let reason: String }

    func close(_ context: Context) { freeContext(context) }

    func call(_ context: Context, _ arguments: [[UInt8]]) -> Answer {
        let lengths = arguments.map(\.count)
        // One block for all of them: pointers into it stay where they are during the call.
        let joined = arguments.flatMap { $0 }
        let reply = joined.withUnsafeBytes { bytes -> Reply? in
            var at = 0
            var pointers: [UnsafePointer<CChar>?] = []
            // An empty argument has a length of nothing, at any address.
            let start = bytes.baseAddress ?? UnsafeRawPointer(context)
            for length in lengths {
                pointers.append((start + at).assumingMemoryBound(to: CChar.self))
                at += length
            }
            return pointers.withUnsafeMutableBufferPointer { pointers in
                lengths.withUnsafeBufferPointer { lengths in
                    command(
                        context, Int32(truncatingIfNeeded: lengths.count), pointers.baseAddress, lengths.baseAddress)
                }
            }
        }
        guard let reply else { return .broken(error(of: context) ?? "no answer") }
        defer { freeReply(reply) }
        switch reply.load(as: Int32.self) {
        // String, status, error: the types that have a text.
        case 1, 5: return .text(text(of: reply) ?? "")
        case 2: return .list(elements(of: reply))
        case 6: return .refused(text(of: reply) ?? "")
        default: return .text("")
        }
    }

    private func text(of reply: Reply) -> String? {
        let length = reply.load(fromByteOffset: isBeforeOne ? 16 : 24, as: Int.self)
        let text = reply.load(fromByteOffset: isBeforeOne ? 24 : 32, as: UnsafeRawPointer?.self)
        return text.map { String(decoding: UnsafeRawBufferPointer(start: $0, count: max(0, length)), as: UTF8.self) }
    }

    /// Texts; what is none is nil.
    private func elements(of reply: Reply) -> [String?] {
        let count = reply.load(fromByteOffset: isBeforeOne ? 32 : 48, as: Int.self)
        guard
            let start = reply.load(fromByteOffset: isBeforeOne ? 40 : 56, as: UnsafePointer<Reply?>?.self), count > 0
        else { return [] }
        return UnsafeBufferPointer(start: start, count: count).map { element in
            guard let element, element.load(as: Int32.self) == 1 else { return nil }
            return text(of: element)
        }
    }

    private func error(of context: Context) -> String? {
        let offset = isBeforeOne ? 0 : 8
        guard context.load(fromByteOffset: offset, as: Int32.self) != 0 else { return nil }
        let text = (context + offset + 4).assumingMemoryBound(to: CChar.self)
        return String(decoding: UnsafeRawBufferPointer(start: text, count: strnlen(text, 128)), as: UTF8.self)
    }

    private static func time(_ span: Timespan) -> timeval {
        timeval(tv_sec: Int(span.nanoseconds / 1_000_000_000), tv_usec: Int(span.nanoseconds % 1_000_000_000 / 1000))
    }
}
