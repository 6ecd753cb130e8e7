/// How a walk goes on where the API gives no deeper pages: from page one, with a value of the last record in the request.
///
/// A class, since few paginations have one and their plan is moved about with every page.
public final class RestartPlan: Sendable, Equatable {
    /// The API gives so many records, or pages, and no more. One of the two is there.
    public let afterRecords: Int64?
    public let afterPages: Int64?
    public let from: ValueSource
    public let slot: Slot
    /// What the requests carry before the first restart.
    let start: PageToken?
    /// Records with that very value come again, and are told by their key.
    public let isInclusive: Bool
    /// Where it stands in its document.
    public let pointer: String

    init(
        afterRecords: Int64?, afterPages: Int64?, from: ValueSource, slot: Slot, start: PageToken?, isInclusive: Bool,
        pointer: String
    ) {
        self.afterRecords = afterRecords
        self.afterPages = afterPages
        self.from = from
        self.slot = slot
        self.start = start
        self.isInclusive = isInclusive
        self.pointer = pointer
    }

    public static func == (one: RestartPlan, two: RestartPlan) -> Bool {
        one.afterRecords == two.afterRecords && one.afterPages == two.afterPages && one.from == two.from
            && one.slot == two.slot && one.start == two.start && one.isInclusive == two.isInclusive
    }
}
