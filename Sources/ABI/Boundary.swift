internal import CPenstock
internal import Engine
internal import IO

// Nothing in this module decides anything: it checks pointers, borrows a handle, calls, and translates failure.

/// A handle is a retained object behind an opaque pointer. All its steps stand here, once.
enum Handle {
    static func give(_ object: some AnyObject, to out: UnsafeMutablePointer<OpaquePointer?>) {
        out.pointee = OpaquePointer(Unmanaged.passRetained(object).toOpaque())
    }

    static func borrow<T: AnyObject>(_ handle: OpaquePointer?, as type: T.Type) -> T? {
        guard let handle else { return nil }
        return Unmanaged<T>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    /// For as long as a call lasts.
    static func lend(_ object: some AnyObject) -> OpaquePointer {
        OpaquePointer(Unmanaged.passUnretained(object).toOpaque())
    }

    static func release<T: AnyObject>(_ handle: OpaquePointer?, as type: T.Type) {
        guard let handle else { return }
        Unmanaged<T>.fromOpaque(UnsafeRawPointer(handle)).release()
    }

    /// The object behind a handle that must be there and belong to this process.
    static func need<T: Owned>(_ handle: OpaquePointer?, _ name: String, as type: T.Type) throws(Failure) -> T {
        guard let object = borrow(handle, as: type) else { throw Failure(.invalidArgument, "\(name) is NULL") }
        guard Fork.isSame(object.generation) else {
            throw Failure(.state, "\(name) belongs to the parent process: open another after fork()")
        }
        return object
    }

    /// For what must be quick: the caller keeps the handle, so nothing is counted. Nil when a longer way has to say why not.
    static func peek<T: Owned, R>(_ handle: OpaquePointer?, as type: T.Type, _ body: (T) -> R?) -> R? {
        guard let handle else { return nil }
        return Unmanaged<T>.fromOpaque(UnsafeRawPointer(handle))._withUnsafeGuaranteedRef { object in
            Fork.isSame(object.generation) ? body(object) : nil
        }
    }

    /// For functions that have no status: nil for NULL and after fork.
    static func own<T: Owned>(_ handle: OpaquePointer?, as type: T.Type) -> T? {
        guard let object = borrow(handle, as: type), Fork.isSame(object.generation) else { return nil }
        return object
    }
}

/// What can't be used in another process than the one that made it.
protocol Owned: AnyObject {
    var generation: UInt64 { get }
}

typealias Out = UnsafeMutablePointer<OpaquePointer?>

/// Runs a call; a failure becomes a status and, when the caller wants one, an error object.
func boundary(_ out: Out?, _ body: () throws(Failure) -> penstock_status) -> penstock_status {
    do {
        return try body()
    } catch {
        if let out { Handle.give(ErrorHandle(error), to: out) }
        return status(of: error.code)
    }
}

func status(of code: Failure.Code) -> penstock_status { penstock_status(rawValue: code.rawValue) }

/// The place for an output that must be there.
func need(_ out: Out?, _ name: String) throws(Failure) -> Out {
    guard let out else { throw Failure(.invalidArgument, "\(name) is NULL") }
    return out
}

/// A text about a handle, made for the caller.
func tell<Object: Owned>(
    _ pointer: OpaquePointer?, _ name: String, as kind: Object.Type, _ out: Out?, _ error: Out?,
    _ text: (Object) throws(Failure) -> String
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let object = try Handle.need(pointer, name, as: kind)
        let out = try need(out, "out")
        Handle.give(OwnedText(try text(object)), to: out)
        return PENSTOCK_OK
    }
}

/// JSON that the caller passed in.
func json(_ data: UnsafePointer<CChar>?, _ size: Int, _ name: String) throws(Failure) -> JSONValue {
    guard let data else { throw Failure(.invalidArgument, "\(name) is NULL") }
    return try Documents.parse(UnsafeRawBufferPointer(start: data, count: max(0, size)))
}

extension penstock_slice {
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(data: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), size: bytes.count)
    }
    static var empty: penstock_slice { penstock_slice(data: nil, size: 0) }
}

func cString(_ text: StaticString) -> UnsafePointer<CChar>? {
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
