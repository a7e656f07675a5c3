"""The description of what programs can ask for (OpenAPI 3.1), made from the declarations, and a page of examples.

Each visitor gets it for the reports as they have them, without columns and filters that their rights withhold.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from app.auth.permissions import Permission
from app.importing import IMPORTABLE
from app.reports import REPORTS
from app.table.csv import DIALECT_KEY, DIALECTS
from app.table.definitions import Filter, Report
from app.table.json import json_type
from app.table.params import MAX_GROUP, MAX_VALUE_LENGTH
from app.table.view import LAST_PAGE, PAGE_SIZES
from app.web.imports.put import CONFIRM, MAX_ROWS, QUERY_KEYS
from app.web.reports.formats import DEFAULT_FORMAT, JSON, WORKBOOK, Format
from app.web.security import visitor
from app.web.urls import MAX_ID
from app.web.view_request import visitor_report

Schema = dict[str, Any]  # a part of the description

_VERSION = "1"
_REPEATED = {"style": "form", "explode": True}  # an array as key=a&key=b
_TEXT: Schema = {"type": "string", "maxLength": MAX_VALUE_LENGTH, "pattern": "^[^\\u0000]*$"}
_DAY: Schema = {"type": "string", "format": "date", "pattern": "^(19|[2-9][0-9])"}
_NULLABLE_TEXT: Schema = {"type": ["string", "null"]}

# What each status means. Its body is a problem, or text for those who don't ask for JSON.
_PROBLEMS = {
    "400": "A key or a value is wrong, or some don't go together. The detail names each, and what is right.",
    "401": "The token is missing, unknown, or its last day is over.",
    "403": "The token's owner may not see this.",
    "429": "Too many requests, or too many wrong tokens. Retry-After says in how many seconds to try again.",
    "503": "Too many exports run, or the database doesn't answer. Try again after Retry-After.",
}

_IMPORT_PROBLEMS = {
    "404": "There is no such import.",
    "409": "Another import of the report is being done, or waits.",
    "413": "The file is larger than IMPORT_LIMIT.",
    "415": "The body is a form. Send the file itself.",
    "422": "The file has faults, can be read in several ways, or ends much. The detail says which key settles it.",
    "507": "The server has no room.",
}

blueprint = Blueprint("api", __name__)


@blueprint.get("/openapi.json")
def describe() -> Response:
    """Send the description."""
    reports = [visitor_report(report) for report in REPORTS.values()]
    return jsonify(description(reports, may_import=visitor().can(Permission.IMPORT)))


@blueprint.get("/api")
def show() -> str:
    """Show examples for curl, Excel and Python."""
    return render_template("account/api.html", site=request.host_url.rstrip("/"), report=next(iter(REPORTS)))


def description(reports: list[Report], may_import: bool) -> Schema:
    """Return the OpenAPI document of these reports' files, and of imports where the visitor may import."""
    operations = {path: {"get": operation} for report in reports for path, operation in _operations(report)}
    if may_import:
        with_file = [report for report in reports if report.slug in IMPORTABLE]
        operations |= {f"/imports/{report.slug}": {"put": _import_operation(report)} for report in with_file}
        operations["/imports/{number}"] = {"get": _import_status()}
    own = {
        "operationId": "description",
        "summary": "This description",
        "responses": {
            "200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}
        }
        | _problem_responses("401", "403", "429", "503"),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Partner Reports",
            "version": _VERSION,
            "description": "The reports as files for programs, at the addresses that people use. Make a token on your "
            "account page, and send it as Bearer, or as the password of Basic with any user.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"basic": []}],
        "paths": {**operations, "/openapi.json": {"get": own}},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
            "schemas": {"Problem": _problem_schema(), "Column": _column_schema(reports)},
        },
    }


def _operations(report: Report) -> Iterator[tuple[str, Schema]]:
    """Yield the path and the operation of each file of a report."""
    base, common = f"/reports/{report.slug}", _parameters(report)
    csv = [_parameter(DIALECT_KEY, "How the CSV is written", _enum(DIALECTS))]
    pages = [
        _parameter("size", "Rows on a page. Follow next for further pages; without size, all rows", _enum(PAGE_SIZES)),
        _parameter("before", "The last page", _enum([LAST_PAGE])),
    ]
    text: Schema = {"type": "string"}
    for file_format, name, more, schema in (
        (JSON, "JSON", pages, _rows_schema(report)),
        (DEFAULT_FORMAT, "CSV", csv, text),
        (WORKBOOK, "an Excel workbook", [], {}),
    ):
        yield base + file_format.extension, _operation(report, file_format, name, [*common, *more], schema)


def _operation(report: Report, file_format: Format, name: str, parameters: list[Schema], schema: Schema) -> Schema:
    content = {file_format.mimetype: {"schema": schema}}
    headers = {key: {"schema": {"type": "string"}} for key in ("ETag", "Last-Modified")}
    responses = {
        "200": {"description": f"The rows as {name}", "headers": headers, "content": content},
        "304": {"description": "If-None-Match names the file as it still is"},
    }
    return {
        "operationId": f"{report.slug}{file_format.extension}",
        "summary": f"{report.title} as {name}",
        "description": report.description,
        "parameters": parameters,
        "responses": responses | _problem_responses(*_PROBLEMS),
    }


def _import_operation(report: Report) -> Schema:
    """Loading a file of a report."""
    meanings = {
        "complete": "The file names everything there is: what it doesn't name ends. A 422 asks to confirm a great part",
        "dry_run": "Say what the file would do, and change nothing",
        "dates": "How 03/04/2026 is meant",
        "decimal": "What stands before decimals, where 1,234 doesn't tell",
        "names": "What names are that differ from others by case, accents, width or blanks only",
    }
    parameters = [_parameter(key, meanings[key], _enum(values)) for key, values in QUERY_KEYS.items()]
    about = "The number of rows that a complete file ends, as the 422 names it: that this is meant"
    parameters.append(_parameter(CONFIRM, about, {"type": "integer", "minimum": 0, "maximum": MAX_ROWS}))
    body: Schema = {file_format.mimetype: {"schema": {}} for file_format in (DEFAULT_FORMAT, WORKBOOK)}
    facts = {"application/json": {"schema": {"type": "object"}}}
    job = {"Location": {"description": "The address of the job", "schema": {"type": "string"}}}
    responses = {
        "200": {"description": "What the file did, or would do. The same file again changes nothing", "content": facts},
        "202": {"description": "A job loads the file", "headers": job, "content": facts},
    }
    return {
        "operationId": f"import-{report.slug}",
        "summary": f"Load a file into the {report.title}",
        "parameters": parameters,
        "requestBody": {"required": True, "content": body},
        "responses": responses | _problem_responses(*_PROBLEMS, *_IMPORT_PROBLEMS),
    }


def _import_status() -> Schema:
    """The state of a file that a job loads."""
    number = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
    facts = {"application/json": {"schema": {"type": "object", "required": ["number", "state", "busy", "counts"]}}}
    return {
        "operationId": "import-status",
        "summary": "The state of an import, what it did, and what is wrong with its file",
        "parameters": [{"name": "number", "in": "path", "required": True, "schema": number}],
        "responses": {"200": {"description": "busy is true while the job runs or waits", "content": facts}}
        | _problem_responses("401", "403", "404", "429", "503"),
    }


def _parameters(report: Report) -> list[Schema]:
    """The parameters of a view, which every file takes."""
    keys = list(report.columns_by_key)
    for dimension in report.dimensions:
        keys += [key for key in report.grouped_by((dimension,)).columns_by_key if key not in keys]
    columns, groups = ({"type": "array", "items": _enum(values)} for values in (keys, report.dimensions_by_key))
    orders = _enum([*keys, *(f"-{key}" for key in keys)])
    text = "The columns, each once, in their order. A grouped view has its dimensions, rows, and the sums of numbers"
    order = "The column to sort by, with - in front for descending. A hidden one means the default"
    return [
        *(
            [_parameter("group", f"What to group by, at most {MAX_GROUP}, each once", groups, **_REPEATED)]
            if report.dimensions
            else []
        ),
        _parameter("columns", text, columns, **_REPEATED),
        _parameter("sort", order, orders),
        *(_parameter(filter_.key, filter_.label, _filter_schema(filter_)) for filter_ in report.filters),
        {**_parameter("If-None-Match", "The ETag of the file that you have", {"type": "string"}), "in": "header"},
    ]


def _parameter(name: str, text: str, schema: Schema, **style: Any) -> Schema:
    return {"name": name, "in": "query", "description": text, "schema": schema, **style}


def _filter_schema(filter_: Filter) -> Schema:
    if filter_.values:
        return _enum(filter_.values)
    return _or_empty(_DAY) if filter_.input_type == "date" else _TEXT


def _enum(values: Iterable[str | int]) -> Schema:
    return _or_empty({"enum": list(values)})


def _or_empty(schema: Schema) -> Schema:
    """An empty value means the same as an absent key."""
    return {"anyOf": [schema, {"const": ""}]}


def _rows_schema(report: Report) -> Schema:
    properties: Schema = {
        "report": {"const": report.slug},
        "as_of": {**_NULLABLE_TEXT, "format": "date-time", "description": "The time of the last import"},
        "query": {"type": "string", "description": "The view, as its address has it"},
        "columns": {"type": "array", "items": {"$ref": "#/components/schemas/Column"}},
        "rows": {
            "description": "The values of each row, in the order of the columns",
            "type": "array",
            "items": {"type": "array", "items": {"type": ["string", "integer", "null"]}},
        },
        "total": {"type": ["integer", "null"], "minimum": 0, "description": "Rows of the view; null: not counted yet"},
        "next": {**_NULLABLE_TEXT, "description": "The address of the next page"},
    }
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": False}


def _column_schema(reports: list[Report]) -> Schema:
    types = sorted({json_type(column.kind) for report in reports for column in report.columns})
    properties: Schema = {"key": {"type": "string"}, "label": {"type": "string"}, "type": {"enum": types}}
    return {"type": "object", "required": list(properties), "properties": properties}


def _problem_schema() -> Schema:
    """RFC 9457, with the id of the request."""
    text = {"type": "string"}
    properties: Schema = {"title": text, "status": {"type": "integer"}, "detail": text, "request": text}
    return {"type": "object", "required": list(properties), "properties": properties}


def _problem_responses(*statuses: str) -> Schema:
    texts = _PROBLEMS | _IMPORT_PROBLEMS
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    content = {"application/problem+json": problem, "text/plain": {"schema": {"type": "string"}}}
    responses: Schema = {status: {"description": texts[status], "content": content} for status in statuses}
    for status in responses.keys() & {"429", "503"}:
        responses[status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return responses
