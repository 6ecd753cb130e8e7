/// A limit or a remaining count: a number, perhaps with a fraction (Reddit "599.0"), perhaps with a list of policies
/// behind it (draft-03 and Envoy "10, 10;w=1, 50;w=60") or the window (Docker Hub "100;w=21600").
struct CountText: Equatable {
    var count: Int64
    var isNegative = false
    /// The `w` of the value itself, or of the listed policy with the same count.
    var window: Timespan?
    /// The listed policies.
    var policies: [QuotaPolicy] = []

    init?(_ value: String) {
        guard value.utf8.count <= CountText.longest else { return nil }
        var cursor = ByteCursor(value)
        isNegative = cursor.take("-")
        guard let number = DecimalText(&cursor) else { return nil }
        count = number.whole
        cursor.skipWhile(ASCII.isBlank)
        if cursor.isAtEnd { return }
        guard !isNegative, let next = cursor.peek, next == UInt8(ascii: ",") || next == UInt8(ascii: ";") else {
            return nil
        }
        guard let list = StructuredFields.list([value]) else { return nil }
        var members = list.compactMap(CountText.policy)
        guard members.count == list.count, let first = members.first else { return nil }
        members.removeFirst()
        policies = members
        window = first.window ?? members.first { $0.limit == count }?.window
    }

    /// `50;w=60;burst=1000;comment="..."`
    private static func policy(_ member: StructuredFields.Member) -> QuotaPolicy? {
        guard case .item(let item) = member else { return nil }
        let limit: Int64
        switch item.value {
        case .integer(let number): limit = number
        case .decimal(let thousandths): limit = thousandths / 1000
        default: return nil
        }
        guard limit >= 0 else { return nil }
        var policy = QuotaPolicy(limit: limit)
        if case .integer(let seconds)? = item.parameters["w"], seconds > 0 {
            policy.window = ResetText.bounded(.seconds(seconds))
        }
        return policy
    }

    private static let longest = 1024
}
