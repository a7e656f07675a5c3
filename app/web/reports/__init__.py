"""The pages and files of a report.

page.py has the routes of the page, form.py parses what its form sends, context.py, rows.py and links.py make what the
templates show, and htmx.py what a fragment has besides. Later come summary.py (sums and charts) with charts.py and
group_charts.py. print_view.py is the page for paper. Files: export.py has the routes, formats.py the list,
export_slots.py lets them wait, and cache_headers.py answers what is unchanged.
"""
