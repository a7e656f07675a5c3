"""The links of a report page to other views of the report: its headings, chips, pages and page sizes."""

from dataclasses import replace
from typing import Any, NamedTuple

from app.table.paging import Page
from app.table.view import NUL, PAGE_SIZES, View, digest, encode_query, quote_value
from app.web.urls import report_url


class Heading(NamedTuple):
    """The heading of a column. `order` is how rows are sorted by it, "ascending" or "descending", else ""."""

    key: str
    label: str
    width: str
    is_number: bool
    order: str
    url: str


class Chip(NamedTuple):
    """A filter that is set. `url` is the address of the view without it."""

    key: str
    label: str
    text: str
    url: str


def link_context(page: Page) -> dict[str, Any]:
    """What the templates of the results need of the page's view. The address of a page that isn't there is None.

    Other rows have another `rows_id`, so that a morph puts them in place of the old ones instead of moving text around
    in these. `view_id` is part of the ids of counts: a late one must not be put beside the rows of another view.
    `place_id` is the same while other columns of these rows are shown: they stay scrolled to where they are.
    """
    view, previous = page.view, page.previous and report_url(page.previous)
    can_expand = view.level + 1 < len(view.report.levels)
    return {
        "view_id": f"{view.level}-{view.cursor_context}",
        "rows_id": digest(view.with_all_closed().query_string),
        "place_id": f"{view.level}-{digest(encode_query(view.with_all_closed().params(columns=False)))}",
        "chips": _chips(view),
        "unfiltered_url": report_url(view.with_filters({})) if view.filters else "",
        "headings": _headings(view),
        "can_expand": can_expand,
        "expandable_key": view.columns[0].key if can_expand and page.rows else "",  # whose heading expands all rows
        "count_url": report_url(view.closed_first_page, "/count"),
        "totals_url": report_url(view.closed_first_page, "/totals"),
        "size_links": [(size, report_url(view.with_size(size))) for size in PAGE_SIZES],
        "first_url": previous and report_url(view.first_page),
        "previous_url": previous,
        "next_url": page.next and report_url(page.next),
        "last_url": page.next and report_url(view.last_page),
    }


def _headings(view: View) -> list[Heading]:
    order, sort_column = "descending" if view.descending else "ascending", view.sort_column
    # The addresses differ in the sort alone, but for that of the default sort, which has none.
    before, _, after = report_url(replace(view, position=None, sort=NUL)).partition(quote_value(NUL))
    headings = []
    for column in view.columns:
        sort = view.next_sort(column)
        is_default = sort == view.report.default_sort
        url = report_url(view.with_next_sort(column)) if is_default else f"{before}{sort}{after}"
        is_sorted = column is sort_column
        headings.append(
            Heading(column.key, column.label, column.width_class, column.kind.numeric, order if is_sorted else "", url)
        )
    return headings


def _chips(view: View) -> list[Chip]:
    return [
        Chip(
            filter_.key,
            filter_.label,
            filter_.describe(value, view.today),
            report_url(view.without_filter(filter_.key)),
        )
        for filter_, value in view.active_filters
    ]
