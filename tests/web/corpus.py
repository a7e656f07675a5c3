"""Texts, headers and bodies that have broken some software somewhere."""

from urllib.parse import quote

# Text that would be a tag, an attribute or a script of its own wherever it isn't escaped.
MARK = """mkq7"'><mkq7 mkq7=1 onmkq7='1'></script>--><script>mkq7</script>{{mkq7}}&mkq7;"""

FORM, HTML = "application/x-www-form-urlencoded", "text/html,*/*;q=0.8"

MARKED = [MARK, f"javascript:{MARK}", f"//evil.example/{MARK}", f"/reports/{MARK}", "mkq7'><mkq7@x.example"]
TEXTS = [
    f"customer={quote(MARK)}", "", " ", "\0", "a\0b", "\ud800", "\ufeff", "\u202e\u2066evil", "e\u0301" * 300,
    "\r\nX-Mkq7: 1", "a\r\n\r\n<mkq7>", "%", "_", "\\", "'", '"', "--", ";", "' OR 1=1 --", "1; DROP TABLE user",
    "../../etc/passwd", "..\\..\\windows", "/etc/passwd\0.csv", "-1", "0", "1", "all", "9" * 18, "9" * 19, "9" * 40,
    "9" * 5000, "-9223372036854775809", "1.1", "1.2.3", "1" + ".1" * 500, "NaN", "Infinity", "1e9", "1e999", "0x10",
    "０", "٣", "²", "true", "null", "[]", "{}", "__proto__", "{{7*7}}", "${7*7}", "%s%n%x", "{0.__class__}", "%(x)s",
    "<script>", "<!--", "]]>", "customer", "-customer", "--customer", "-used", "cost:up", "cost:sideways", ":up",
    "end", "0001-01-01", "9999-12-31", "2026-02-30", "last-month", "near", "over", "25", "200", "excel", "plain",
    "admin", "viewer", "partner", "reseller", "Zebra Resale", "change", "save", "0-1-1-00000000-00000000",
    "0-999999999999999999-0-deadbeef-deadbeef", "9-1-1-00000000-7d9a1f8b", "sort=-used&columns=customer&columns=used",
    "customer-usage", "/users", "//evil.example", "https://evil.example", "/\\evil.example", "a" * 5000, "a" * 100_000,
    "x@y" * 100,
]  # fmt: skip
BROKEN = [b"\xff\xfe", b"\xc0\xaf", b"\xe2\x82", b"\xf4\x90\x80\x80"]  # what isn't UTF-8

VALUES = [*BROKEN, *(text.encode("utf-8", "surrogatepass") for text in [*MARKED, *TEXTS])]
QUERIES = [
    "%",
    "%%",
    "&&&=&",
    "q",
    "=q",
    "%ff%fe",
    "q=1;sort=x",
    "a=" * 900,
    "q=%C0%80",
    "columns[]=cost",
    "q=%ED%A0%80",
]

ODD = ["\xff\xfe", MARK, "a" * 5000, "", ",;=,;=", "%00%ff", '"', "-1", "*", "null"]
HEADERS = [
    ("Accept", [HTML, "text/plain", "*/*;q=banana", "text/html;q=1e999", *ODD]),
    ("Accept-Encoding", ["gzip, br", *ODD]), ("Accept-Language", ODD), ("HX-Request", ["true", *ODD]),
    ("HX-Request-Type", ["partial", "partial", "full", *ODD]), ("X-Visitor", ODD),
    ("HX-Target", ODD), ("HX-Boosted", ODD), ("HX-History-Restore-Request", ["true", *ODD]),
    ("HX-Current-URL", [f"http://localhost/reports/customer-usage?sort={quote(MARK)}", "http://[::1/%", "//", *ODD]),
    ("Cookie", ["session=\xff", "session=" + "a" * 7000, f"session={MARK}", f"export={MARK}", ";;=", "a=b; " * 1500]),
    ("Cookie", [f"display={MARK}", "display=compact.summary-on.keys-off", "display=......"]),
    ("Host", ["evil.example", "[::1/%", "", "a b", "x:99999", "x:y", "localhost:0", *ODD]),
    ("Origin", ["null", "http://[", "http://evil.example", *ODD]), ("Sec-Fetch-Site", ["cross-site", "none", *ODD]),
    ("Sec-Fetch-Mode", ["navigate", "cors", *ODD]),
    ("Referer", [f"http://localhost/users/{quote(MARK)}", "http://[", *ODD]), ("X-Forwarded-For", ODD),
    ("X-Forwarded-Proto", ["https", *ODD]), ("X-Forwarded-Host", ["evil.example", *ODD]), ("X-Forwarded-Prefix", ODD),
    ("Forwarded", ODD), ("X-HTTP-Method-Override", ["DELETE"]), ("X-Original-URL", ["/users"]), ("X-Request-ID", ODD),
    ("If-None-Match", ["*", 'W/"x"', *ODD]), ("If-Match", ODD),
    ("If-Modified-Since", ["yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 99999 23:59:59 GMT", *ODD]),
    ("Range", ["bytes=0-0", "bytes=9-1", "bytes=-1", "bytes=0-,0-,0-", *ODD]), ("If-Range", ODD),
    ("Authorization", ["Basic \xff", f"Bearer {MARK}", *ODD]), ("User-Agent", ODD),
    ("Content-Encoding", ["gzip", *ODD]), ("Expect", ["100-continue"]),
    ("Content-Type", ["application/json", "text/plain; charset=\xff", f"{FORM}; charset=utf-7", *ODD]),
    ("Content-Type", ["multipart/form-data", "multipart/form-data; boundary=x"]),
]  # fmt: skip
BODIES = [
    b"", b"{}", b'{"email": ["mkq7"]}', b"[" * 20_000, b"\xff\xfe=\x00", b"email", b"=", b"&&&=&", b"email=a&" * 5000,
    b"name=" + b"a" * 70_000, b"&".join(b"a%d=b" % n for n in range(1500)), b"--x\r\n", b"--x--\r\n",
    b"--x\r\n" + b"A: b\r\n" * 3000, b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nmkq7\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="\xff"; filename="../../x"\r\n\r\n\0\r\n--x--\r\n', b"x" * 1_000_000,
]  # fmt: skip
