internal import CPenstock

/// What a host wants handed to its function, released with the last use of it.
///
/// `@unchecked Sendable`: the header says for each function on which threads its context is used.
final class HostContext: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer?
    /// Set once the call that brought it has succeeded: it is not called when that fails.
    var release: penstock_release?

    init(_ pointer: UnsafeMutableRawPointer?) { self.pointer = pointer }

    deinit { release?(pointer) }
}
