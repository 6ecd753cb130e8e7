extension DocumentParser {
    /// - Parameter isPlaced: whether the request's texts have a place for the value.
    mutating func restart(
        _ place: DocumentPlace?, size: PagingPlan.Size?, isPlaced: Bool
    ) throws(Failure) -> RestartPlan? {
        guard let place, let from = try valueSource(place["from"]) else { return nil }
        if let fixed = place["from"], !from.leaves.contains(where: \.isOfResponse) {
            throw fixed.failure("a value that is the same after every page leads nowhere")
        }
        let isSlotGiven = place["slot"] != nil || place["param"] != nil
        guard isSlotGiven || isPlaced else {
            throw place.failure("the value goes nowhere: no \"param\", no \"slot\", no {page.restart} in the request")
        }
        let slot = isSlotGiven ? try slot(place, usual: "", isPlaced: false) : .placeholder
        switch slot {
        case .url, .path: throw (place["slot"] ?? place).failure("the value of a restart can't go there")
        case .query, .header, .json, .form, .placeholder: break
        }
        var start: PageToken?
        if let given = place["start"] {
            if given.value.members != nil {
                start = .text(try parameter(given))
            } else if let text = given.value.scalarText {
                start = given.value.string == nil ? .number(text) : .text(text)
            }
        } else if isPlaced {
            throw place.failure("{page.restart} needs a value before the first restart, too: say \"start\"")
        }
        let most = place["after_records"]?.value.int
        if let most, let size = size?.value, size > most {
            throw (place["after_records"] ?? place).failure("a page has \(size) records already")
        }
        return RestartPlan(
            afterRecords: most, afterPages: place["after_pages"]?.value.int, from: from, slot: slot, start: start,
            isInclusive: place["inclusive"]?.value.bool ?? true, pointer: place.pointer.text)
    }

    /// Records that come again are told by their key or not at all.
    func checkRestart(_ stream: Stream, _ place: DocumentPlace) throws(Failure) {
        guard let plan = stream.paging.restart, let restart = place["restart"] else { return }
        if plan.isInclusive {
            if stream.rules.key.isEmpty {
                throw restart.failure(
                    "records come twice where the walk starts again: the stream needs a \"key\" (or \"inclusive\": false where "
                        + "the API gives only records beyond the value)")
            }
            if !stream.rules.duplicates.isDropping {
                throw restart.failure("records come twice where the walk starts again, and \"duplicates\" are kept")
            }
        }
    }
}

extension ValueSource {
    fileprivate var isOfResponse: Bool {
        switch self {
        case .body, .header, .link, .firstRecord, .lastRecord, .find: true
        default: false
        }
    }
}
