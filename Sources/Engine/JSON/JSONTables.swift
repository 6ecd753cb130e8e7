/// The automaton as it is read while scanning: plain memory, because a bounds check and a retain for each member name
/// would cost more than the comparison itself. Every index in it was made by `JSONAutomaton`.
final class JSONTables: @unchecked Sendable {
    // Unchecked, but never written to after `init`.
    let states: UnsafeMutablePointer<JSONAutomaton.State>
    let transitions: UnsafeMutablePointer<JSONAutomaton.Transition>
    let outputs: UnsafeMutablePointer<JSONAutomaton.Output>
    let marked: UnsafeMutablePointer<Int32>
    let names: UnsafeMutablePointer<UInt8>

    init(_ automaton: JSONAutomaton) {
        states = Self.copy(automaton.states)
        transitions = Self.copy(automaton.transitions)
        outputs = Self.copy(automaton.outputs)
        marked = Self.copy(automaton.marked)
        names = Self.copy(automaton.nameBytes)
    }

    deinit {
        states.deallocate()
        transitions.deallocate()
        outputs.deallocate()
        marked.deallocate()
        names.deallocate()
    }

    private static func copy<Element: BitwiseCopyable>(_ array: [Element]) -> UnsafeMutablePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(1, array.count))
        for (i, element) in array.enumerated() { (memory + i).initialize(to: element) }
        return memory
    }
}
