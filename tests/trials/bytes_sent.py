"""Bytes that are no request, or only nearly one. MARK in them stands for words of one's own."""

from random import Random

HOST = b"Host: 127.0.0.1\r\n"
FORM = HOST + b"Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n"
PATH = b"/login?next=/reports/MARK"


def get(target: bytes = PATH, version: bytes = b"HTTP/1.1", headers: bytes = HOST, method: bytes = b"GET") -> bytes:
    return method + b" " + target + b" " + version + b"\r\n" + headers + b"\r\n"


def post(headers: bytes, body: bytes = b"email=MARK&password=no") -> bytes:
    return b"POST /login HTTP/1.1\r\n" + FORM + headers + b"\r\n" + body


HONEST = get()
SENT = post(b"Content-Length: 28\r\n")
SMUGGLED = get(b"/login?next=/reports/SMUGGLED")  # A request that stands in another's body, and must not be answered

NOTHING = [
    b"\r\n", b"\r\n\r\n", b"\n\n\n", b"\0" * 100, b"garbage\r\n\r\n", b"\xff\xfe\xfd\r\n\r\n", b"GET\r\n\r\n",
    b"GET /\r\n\r\n", b"GET / \r\n\r\n", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(160)),
    b"SSH-2.0-OpenSSH_9.9\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + HONEST, b"*1\r\n$4\r\nINFO\r\n",
    b"EHLO x\r\n", b"()" * 40_000, HONEST[:-2],
]  # fmt: skip
VERSIONS = [
    b"HTTP/0.9", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/3.0", b"HTTP/11", b"HTTP/1.1 x", b"http/1.1", b"",
]  # fmt: skip
METHODS = [
    b"get", b"G", b"GET" * 10, b"GE\0T", b"BREW", b"TRACE", b"CONNECT", b"OPTIONS", b"\xc3\x89", b" GET", b"HEAD",
]  # fmt: skip
TARGETS = [
    b"*", b"http://evil.example" + PATH, b"https://127.0.0.1/login", b"http://", b"http://[::1/", b"//evil.example/",
    b"evil.example:443", b"/../../etc/passwd", b"/static/..%2f..%2fwsgi.py", b"/%00", b"/%", b"/\x00", b"/\xff",
    b"/a\tb", b"/a b", b"/#x", b"/?" + b"a" * 8_000, b"/" + b"a" * 9_000, b"/" + b"a" * 70_000, b"file:///etc/passwd",
    b"javascript:MARK", b"/reports/%0d%0aX-Injected:%201", b"/login?next=%0d%0aX-Injected:%201",
]  # fmt: skip
HOSTS = [
    b"", HOST + HOST, b"Host: evil.example\r\n" + HOST, b"Host: \r\n", b"Host: a b\r\n", b"Host: \xff\r\n",
    b"Host: [::1\r\n", b"Host: x:99999\r\n", b"Host: x/y?z\r\n", b"Host: <MARK>\r\n",
]  # fmt: skip
HEADERS = [
    b"X: \0", b"X: a\nb", b"X: a\rb", b"X", b": x", b"X : y", b"X\0: y", b" X: y", b"X: y\r\n z", b"X-\xff: y",
    b"X: \xff", b"X: " + b"a" * 9_000, b"X: " + b"a" * 70_000, b"\r\n".join([b"X: y"] * 150),
    b"\r\n".join([b"X: " + b"y" * 5_000] * 20), b"Cookie: session=\xff\xfe; ;;=; session",
    b"Cookie: " + b"a=b; " * 1_500, b"Expect: 100-continue", b"Expect: a miracle",
    b"Upgrade: websocket\r\nConnection: Upgrade",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk",
    b"Connection: close, keep-alive", b"X-Forwarded-Proto: https", b"X-Forwarded-For: \xff",
    b"X_Forwarded_For: 1.2.3.4", b"Script-Name: /evil",
    b"SCRIPT_NAME: /evil", b"Range: bytes=0-0,1-1", b"Accept-Encoding: \xff;q=x", b"If-None-Match: *",
    b"If-Modified-Since: yesterday", b"Content-Type: \xff", b"Authorization: Basic \xff",
]  # fmt: skip
LENGTHS = [
    b"0", b"5", b"27", b"29", b"60000", b"65537", b"9" * 21, b"9" * 5000, b"-1", b"+28", b"28, 28", b"2_2", b"0x16",
    b"28.0", b"", b" ", b"\xb2\xb2", b"abc", b"28\x00", b"0" * 20 + b"28", b"28 28", b"\t28\t",
    b"28\r\nContent-Length: 28",
    b"28\r\nContent-Length: 3", b"28\r\nContent-Length : 3", b"28\r\nContent_Length: 3", b"28\r\nExpect: 100-continue",
]  # fmt: skip
CODINGS = [
    b"Transfer-Encoding: chunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding: \tchunked",
    b"transfer-encoding:chunked", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: identity",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding:\x0bchunked",
    b"Transfer_Encoding: chunked", b" Transfer-Encoding: chunked", b"X: y\nTransfer-Encoding: chunked",
    b"X: y\rTransfer-Encoding: chunked", b"Transfer-Encoding:\r\n chunked", b"\x00Transfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
]  # fmt: skip
CHUNKS = [
    b"0\r\n\r\n", b"1c\r\nemail=MARK&password=no\r\n0\r\n\r\n", b"zz\r\nx\r\n0\r\n\r\n", b"-1\r\n\r\n",
    b"f" * 16 + b"\r\nx", b"5\r\nabc", b"5 ;x=\ry\r\nabcde\r\n0\r\n\r\n", b"3\r\nabcde\r\n0\r\n\r\n", b"\r\n",
    b"0\r\nHost: evil\r\n\r\n", b"5\n\nabcde0\n\n", b"1" * 10_000,
]  # fmt: skip
SEVERAL = [
    HONEST * 20, SENT + HONEST, HONEST + b"garbage\r\n\r\n" + HONEST, SENT * 3, b"\r\n" + HONEST,
    HONEST + b"\r\n" + HONEST, post(b"Content-Length: 0\r\n", HONEST),
    get(headers=HOST + b"Content-Length: %d\r\n" % len(SMUGGLED)) + SMUGGLED,
]  # fmt: skip

CORPUS = [
    *NOTHING,
    *SEVERAL,
    *(get(version=version) for version in VERSIONS),
    *(get(method=method) for method in METHODS),
    *(get(target) for target in TARGETS),
    *(get(headers=hosts) for hosts in HOSTS),
    *(get(version=b"HTTP/1.0", headers=hosts) for hosts in HOSTS),
    *(get(headers=HOST + header + b"\r\n") for header in HEADERS),
    *(post(b"Content-Length: " + length + b"\r\n") for length in LENGTHS),
    *(post(coding + b"\r\n", CHUNKS[1]) for coding in CODINGS),
    *(post(coding + b"\r\nContent-Length: 4\r\n", CHUNKS[0] + SMUGGLED) for coding in CODINGS),
    *(
        post(b"Content-Length: 5\r\n" + coding + b"\r\n", CHUNKS[0] + SMUGGLED)
        for coding in CODINGS
        if b"_" not in coding
    ),
    *(post(CODINGS[0] + b"\r\n", chunk) for chunk in CHUNKS),
]


def damaged(dice: Random) -> bytes:
    """Some of these, or honest requests, with bytes changed, taken out, doubled, put in or cut off.

    What was hidden in a body may be a request then.
    """
    data = bytearray(dice.choice([*CORPUS, HONEST, SENT, SENT + HONEST]).replace(b"SMUGGLED", b"MARK"))
    for _ in range(dice.randint(1, 4)):
        place, length = dice.randrange(len(data) + 1), dice.choice([1, 1, 2, 20])
        piece = bytes(data[place : place + length])
        put_in = dice.choice([b"\r\n", b"\n", b"\0", b":", b" ", b"\r\n\r\n"]) + piece
        data[place : place + length] = dice.choice([b"", piece * 2, dice.randbytes(length), put_in])
    return bytes(data[: dice.choice([len(data)] * 4 + [len(data) // 2])])
