/// All targets of a scan folded into one deterministic automaton: a state stands for every path that is still
/// possible at a place in the body, so that each member name is compared once whatever the number of targets.
struct JSONAutomaton {
    /// Nothing is wanted here or below.
    static let dead: Int32 = 0
    static let start: Int32 = 1
    private static let maximumStates = 2048

    typealias Slice = (lower: Int32, upper: Int32)

    struct Transition: Sendable {
        /// A name's place in `nameBytes`, or an array index in `lower`.
        var name: Slice
        /// The first eight bytes of the name (fewer: zeros above), to tell most names apart in one comparison.
        var word: UInt64 = 0
        var state: Int32
        /// What was found through this very step before in the same container no longer counts.
        var resets: Slice
    }

    struct State: Sendable {
        var members: Slice = (0, 0)
        var indices: Slice = (0, 0)
        /// Places in the transitions; at place 0 stands the one to nowhere.
        var anyMember: Int32 = 0
        var anyElement: Int32 = 0
        /// What a value in this state is a match of.
        var outputs: Slice = (0, 0)
        /// The fields with an empty path of the targets that take an object in this state as an element.
        var whole: Slice = (0, 0)
        /// Targets whose matches may have to be taken back inside this container.
        var marked: Slice = (0, 0)
        /// Targets that take every member of an object in this state.
        var wildcards: Slice = (0, 0)
        var entersObject = false
        var entersArray = false
        var elements = false
        /// The one target that wants elements here, when nothing else is wanted in or below them; else -1.
        var onlyElements: Int32 = -1
    }

    /// A target or (`field` >= 0) one field of its current element.
    struct Output: Hashable, Sendable {
        var target: Int32
        var field: Int32
        var elements: Bool
    }

    private(set) var states: [State] = [State()]
    private(set) var transitions = [Transition(name: (0, 0), state: dead, resets: (0, 0))]
    private(set) var outputs: [Output] = []
    private(set) var marked: [Int32] = []
    private(set) var nameBytes: [UInt8] = []

    /// A path and how many of its steps are behind: `field` -1 for the target's own path.
    private struct Item: Hashable {
        var target: Int
        var field: Int
        var step: Int
    }

    private let targets: [JSONTarget]
    private var numbers: [Set<Item>: Int32] = [:]
    private var pending: [(items: Set<Item>, number: Int32)] = []

    /// Wants nothing.
    init() {
        targets = []
        states.append(State())
    }

    init(_ targets: [JSONTarget]) throws(JSONSelectionError) {
        self.targets = targets
        for field in targets.flatMap(\.fields) where field.matchesMany {
            throw JSONSelectionError(description: "\"\(field)\" has a wildcard, but a field of a record is one value")
        }
        _ = number(of: Set(targets.indices.map { Item(target: $0, field: -1, step: 0) }))
        // A selection of nothing still has a start state, which wants nothing.
        if states.count == 1 { states.append(State()) }
        while let (items, number) = pending.popLast() {
            guard states.count <= Self.maximumStates else {
                throw JSONSelectionError(description: "the paths together are too complex to be found in one pass")
            }
            states[Int(number)] = build(items)
        }
        numbers = [:]
    }

    private func steps(_ item: Item) -> [JSONPath.Step] {
        item.field < 0 ? targets[item.target].path.steps : targets[item.target].fields[item.field].steps
    }

    private mutating func number(of items: Set<Item>) -> Int32 {
        if items.isEmpty { return Self.dead }
        if let known = numbers[items] { return known }
        let number = Int32(truncatingIfNeeded: states.count)
        states.append(State())
        numbers[items] = number
        pending.append((items, number))
        return number
    }

    private func fieldItems(_ target: Int) -> [Item] {
        targets[target].fields.indices.map { Item(target: target, field: $0, step: 0) }
    }

    private mutating func build(_ items: Set<Item>) -> State {
        var state = State()
        let ordered = items.sorted { ($0.target, $0.field, $0.step) < ($1.target, $1.field, $1.step) }
        let ended = ordered.filter { $0.step == steps($0).count }
        let recordTargets = ended.filter { $0.field < 0 && targets[$0.target].wantsElements }.map(\.target)
        // An object is its own one element: its fields begin here. In an array they begin in each element.
        let inObject = ordered + recordTargets.flatMap { fieldItems($0) }
        let inElements = recordTargets.flatMap { fieldItems($0) }

        state.outputs = append(outputs: ended)
        state.whole = append(outputs: inElements.filter { steps($0).isEmpty })
        state.elements = !recordTargets.isEmpty
        buildObject(&state, inObject)
        buildArray(&state, ordered, entering: inElements)

        let resettable = ordered.filter { item in
            guard item.field < 0, item.step < steps(item).count else { return false }
            switch steps(item)[item.step] {
            case .member, .token, .last: return true
            case .index, .wildcard: return false
            }
        }
        state.marked = append(marked: resettable)
        if recordTargets.count == 1, state.indices.lower == state.indices.upper,
            transitions[Int(state.anyElement)].state == Self.dead
        {
            state.onlyElements = Int32(truncatingIfNeeded: recordTargets[0])
        }
        return state
    }

    private mutating func buildObject(_ state: inout State, _ items: [Item]) {
        var byName: [String: [Item]] = [:]
        var any: [Item] = []
        for item in items where item.step < steps(item).count {
            switch steps(item)[item.step] {
            case .member(let name), .token(let name, _): byName[name, default: []].append(item)
            case .wildcard: any.append(item)
            case .index, .last: break
            }
        }
        state.wildcards = append(marked: any.filter { $0.field < 0 })
        state.anyMember = append(transitions: [transition((0, 0), to: any, resetting: [])]).lower
        var built: [Transition] = []
        for (name, named) in byName.sorted(by: { $0.key < $1.key }) {
            let lower = nameBytes.count
            nameBytes += Array(name.utf8)
            var step = transition(slice(lower, nameBytes.count), to: named + any, resetting: named)
            for byte in name.utf8.prefix(8).reversed() { step.word = step.word &<< 8 | UInt64(byte) }
            built.append(step)
        }
        state.members = append(transitions: built)
        state.entersObject = !built.isEmpty || !any.isEmpty
    }

    private mutating func buildArray(_ state: inout State, _ items: [Item], entering: [Item]) {
        var byIndex: [Int: [Item]] = [:]
        var any: [Item] = []
        var last: [Item] = []
        for item in items where item.step < steps(item).count {
            switch steps(item)[item.step] {
            case .index(let index): byIndex[index, default: []].append(item)
            case .token(_, let index?): byIndex[index, default: []].append(item)
            case .wildcard: any.append(item)
            case .last: last.append(item)
            case .member, .token: break
            }
        }
        state.anyElement =
            append(transitions: [transition((0, 0), to: any + last, resetting: last, entering: entering)]).lower
        var built: [Transition] = []
        for (index, chosen) in byIndex.sorted(by: { $0.key < $1.key }) {
            let place = (lower: Int32(truncatingIfNeeded: index), upper: Int32(0))
            built.append(transition(place, to: chosen + any + last, resetting: last, entering: entering))
        }
        state.indices = append(transitions: built)
        state.entersArray = !built.isEmpty || !any.isEmpty || !last.isEmpty || state.elements
    }

    private mutating func transition(
        _ name: Slice, to items: [Item], resetting: [Item], entering: [Item] = []
    ) -> Transition {
        let next = items.map { Item(target: $0.target, field: $0.field, step: $0.step + 1) }
        let resets = append(outputs: resetting)
        return Transition(name: name, state: number(of: Set(next + entering)), resets: resets)
    }

    private mutating func append(outputs items: [Item]) -> Slice {
        let lower = outputs.count
        outputs += items.map {
            Output(
                target: Int32(truncatingIfNeeded: $0.target), field: Int32(truncatingIfNeeded: $0.field),
                elements: $0.field < 0 && targets[$0.target].wantsElements)
        }
        return slice(lower, outputs.count)
    }

    private mutating func append(marked items: [Item]) -> Slice {
        let lower = marked.count
        marked += Set(items.map { Int32(truncatingIfNeeded: $0.target) }).sorted()
        return slice(lower, marked.count)
    }

    private mutating func append(transitions built: [Transition]) -> Slice {
        let lower = transitions.count
        transitions += built
        return slice(lower, transitions.count)
    }

    private func slice(_ lower: Int, _ upper: Int) -> Slice {
        (Int32(truncatingIfNeeded: lower), Int32(truncatingIfNeeded: upper))
    }
}
