/// Where APIs put things. Used by the short forms of documents and by detection alike, in this order.
enum UsualPlaces {
    static let records = ["data", "results", "items", "records"]

    /// Names that tell which of several lists has the records.
    static let recordsAmongOthers = [
        "rows", "value", "values", "content", "entries", "elements", "objects", "resources", "documents", "hits",
        "nodes",
        "list",
    ]

    static let nextURLs = [
        "next", "links.next", "links.next.href", "_links.next.href", "_links.next", "paging.next", "pagination.next",
        "pagination.next_url", "paging.next.link", "pagination.links.next", "meta.next", "meta.pagination.links.next",
        "next_page", "next_page_url", "next_url", "nextUrl", "next_link", "nextLink", "[\"@odata.nextLink\"]",
        "nextRecordsUrl", "nextPageUrl", "links.nextPage",
    ]

    /// Where the cursor stands, and the query parameter it usually goes back in.
    static let cursors: [(place: String, parameter: String)] = [
        ("next_cursor", "cursor"), ("nextCursor", "cursor"), ("response_metadata.next_cursor", "cursor"),
        ("meta.next_cursor", "cursor"), ("pagination.next_cursor", "cursor"), ("paging.next_cursor", "cursor"),
        ("page_info.next_cursor", "cursor"), ("cursor.next", "cursor"), ("cursors.next", "cursor"),
        ("data.next_cursor", "cursor"), ("meta.cursor.next", "cursor"), ("pagination.cursor", "after"),
        ("paging.cursors.after", "after"), ("cursors.after", "after"), ("meta.cursors.after", "after"),
        ("meta.after_cursor", "page[after]"), ("paging.next.after", "after"), ("after", "after"),
        ("pagination.next", "cursor"), ("pagination.next_token", "next_token"),
        ("nextPageToken", "pageToken"), ("next_page_token", "page_token"), ("meta.next_page_token", "page_token"),
        ("nextToken", "nextToken"), ("next_token", "next_token"), ("meta.next_token", "pagination_token"),
        ("continuation_token", "continuation_token"), ("continuationToken", "continuationToken"),
        ("continuation", "continuation"), ("next_page", "page"), ("nextPage", "page"), ("meta.next_page", "page"),
        ("pagination.next_page", "page"), ("scroll_id", "scroll_id"), ("cursor", "cursor"),
    ]

    /// In headers: what leads on, and the query parameter it usually goes back in.
    static let headerCursors: [(header: String, parameter: String)] = [
        ("X-Next-Cursor", "cursor"), ("X-Next-Page-Token", "page_token"), ("X-Next-Page", "page"),
        ("X-Continuation-Token", "continuation_token"),
    ]

    static let hasMore = [
        "has_more", "hasMore", "meta.has_more", "pagination.has_more", "paging.has_more", "pagination.hasMore",
        "meta.hasMore", "has_next", "hasNext", "meta.has_next", "pagination.has_next", "page_info.has_next_page",
        "pageInfo.hasNextPage", "has_next_page", "hasNextPage", "more",
    ]

    static let totals = [
        "total", "total_count", "totalCount", "meta.total", "meta.total_count", "pagination.total",
        "pagination.total_count", "paging.total", "total_results", "totalResults", "totalItems", "total_items",
        "meta.pagination.total", "page.totalElements", "totalElements", "count",
    ]

    static let currentPages = [
        "page", "current_page", "currentPage", "page_number", "pageNumber", "meta.page", "meta.current_page",
        "pagination.page", "pagination.current_page", "pagination.currentPage", "paging.page", "page.number",
        "meta.pagination.current_page", "meta.pagination.page", "number",
    ]

    /// The number of the last page, counted as the API counts.
    static let lastPages = ["last_page", "lastPage", "meta.last_page", "pagination.last_page", "pagination.lastPage"]

    /// How many pages there are.
    static let totalPages = [
        "total_pages", "totalPages", "page_count", "pageCount", "num_pages", "pages", "meta.total_pages",
        "meta.page_count", "pagination.total_pages", "pagination.totalPages", "pagination.pages", "paging.total_pages",
        "page.totalPages", "meta.pagination.total_pages", "meta.pagination.pageCount",
    ]

    static let pageSizes = [
        "per_page", "perPage", "page_size", "pageSize", "limit", "size", "meta.per_page", "meta.page_size",
        "pagination.per_page", "pagination.page_size", "pagination.limit", "paging.limit", "page.size",
    ]

    static let offsets = ["offset", "skip", "meta.offset", "pagination.offset", "paging.offset", "startAt", "start"]
}
