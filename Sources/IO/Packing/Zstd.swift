internal import Engine
internal import Glibc

/// libzstd, loaded when a file is packed with it and not before: the library needs none.
///
/// `@unchecked Sendable`: functions of a library that is never unloaded.
final class Zstd: @unchecked Sendable {
    /// `ZSTD_inBuffer` and `ZSTD_outBuffer`: three words.
    struct Buffer {
        var start: UnsafeMutableRawPointer?
        var size: Int
        var place = 0
    }

    typealias Context = UnsafeMutableRawPointer
    typealias Make = @convention(c) () -> Context?
    typealias Free = @convention(c) (Context?) -> Int
    typealias Set = @convention(c) (Context, Int32, Int32) -> Int
    typealias Pack = @convention(c) (Context, UnsafeMutableRawPointer, UnsafeMutableRawPointer, Int32) -> Int
    typealias Unpack = @convention(c) (Context, UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Int
    typealias Judge = @convention(c) (Int) -> UInt32

    let makePacker: Make
    let freePacker: Free
    let set: Set
    let pack: Pack
    let makeUnpacker: Make
    let freeUnpacker: Free
    let unpack: Unpack
    private let judge: Judge

    static let shared: Result<Zstd, Failure> = {
        do throws(Failure) { return .success(try Zstd()) } catch { return .failure(error) }
    }()

    private init() throws(Failure) {
        guard let library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL) else {
            throw Failure(
                .config, "to pack with zstd needs the library libzstd (Debian: libzstd1), and it can't be loaded",
                pointer: "/output/compress")
        }
        func symbol<T>(_ name: String, as type: T.Type) throws(Failure) -> T {
            guard let address = dlsym(library, name) else {
                throw Failure(
                    .config, "the library libzstd has no function \(name): it is older than 1.4.0",
                    pointer: "/output/compress")
            }
            return unsafeBitCast(address, to: type)
        }
        makePacker = try symbol("ZSTD_createCCtx", as: Make.self)
        freePacker = try symbol("ZSTD_freeCCtx", as: Free.self)
        set = try symbol("ZSTD_CCtx_setParameter", as: Set.self)
        pack = try symbol("ZSTD_compressStream2", as: Pack.self)
        makeUnpacker = try symbol("ZSTD_createDCtx", as: Make.self)
        freeUnpacker = try symbol("ZSTD_freeDCtx", as: Free.self)
        unpack = try symbol("ZSTD_decompressStream", as: Unpack.self)
        judge = try symbol("ZSTD_isError", as: Judge.self)
    }

    func isError(_ code: Int) -> Bool { judge(code) != 0 }
}

/// Frames of zstd (RFC 8878), with a checksum each.
final class ZstdPacker: Packer {
    private let zstd: Zstd
    private let context: Zstd.Context
    private let buffer = PackingBuffer()
    /// Of `zstd.h`: ZSTD_c_checksumFlag; ZSTD_e_continue and ZSTD_e_end. The level is its own default.
    private static let (checksum, goOn, endFrame): (Int32, Int32, Int32) = (201, 0, 2)

    init(_ zstd: Zstd) throws(Failure) {
        guard let context = zstd.makePacker() else { throw Failure(.noMemory, "no memory to pack with zstd") }
        self.zstd = zstd
        self.context = context
        if zstd.isError(zstd.set(context, Self.checksum, 1)) { throw Self.broken }
    }

    deinit { _ = zstd.freePacker(context) }

    func add(_ bytes: UnsafeRawBufferPointer, into sink: Sink) throws(Failure) {
        try run(bytes, Self.goOn, into: sink)
    }

    func end(into sink: Sink) throws(Failure) {
        try run(UnsafeRawBufferPointer(start: nil, count: 0), Self.endFrame, into: sink)
    }

    private func run(_ bytes: UnsafeRawBufferPointer, _ directive: Int32, into sink: Sink) throws(Failure) {
        var input = Zstd.Buffer(start: UnsafeMutableRawPointer(mutating: bytes.baseAddress), size: bytes.count)
        while true {
            var output = Zstd.Buffer(start: buffer.start, size: PackingBuffer.capacity)
            let left = zstd.pack(context, &output, &input, directive)
            if zstd.isError(left) { throw Self.broken }
            if output.place > 0 { try sink(buffer.first(output.place)) }
            if directive == Self.endFrame ? left == 0 : input.place >= input.size { return }
        }
    }

    private static var broken: Failure { Failure(.storage, "libzstd can't pack any more") }
}

final class ZstdUnpacker: Unpacker {
    private let zstd: Zstd
    private let context: Zstd.Context
    private let buffer = PackingBuffer()

    init(_ zstd: Zstd) throws(Failure) {
        guard let context = zstd.makeUnpacker() else { throw Failure(.noMemory, "no memory to unpack zstd") }
        self.zstd = zstd
        self.context = context
    }

    deinit { _ = zstd.freeUnpacker(context) }

    func add(_ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) -> Void) -> Bool {
        var input = Zstd.Buffer(start: UnsafeMutableRawPointer(mutating: bytes.baseAddress), size: bytes.count)
        var isFull = false
        while input.place < input.size || isFull {
            var output = Zstd.Buffer(start: buffer.start, size: PackingBuffer.capacity)
            if zstd.isError(zstd.unpack(context, &output, &input)) { return false }
            isFull = output.place == PackingBuffer.capacity
            if output.place > 0 { sink(buffer.first(output.place)) }
        }
        return true
    }
}
