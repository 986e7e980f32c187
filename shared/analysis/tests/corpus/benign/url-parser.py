"""Takes a URL apart."""

import re

URL = re.compile(r"^(?:([a-z][a-z0-9+.-]*)://)?(?:([^@/]+)@)?([^:/?#]+)(?::(\d+))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$")


def get_capabilities():
    return {
        "name": "url-parser",
        "description": "Splits a URL into its parts, e.g. http://127.0.0.1:8080/path or https://example.com/.",
        "capabilities": ["web.url"],
        "examples": [{"input": {"url": "http://10.0.0.7/index.html"}}],
    }


def execute(input):
    scheme, user, host, port, path, query, fragment = URL.match(input["url"]).groups()
    pairs = [part.split("=", 1) for part in (query or "").split("&") if "=" in part]
    return {"scheme": scheme, "user": user, "host": host, "port": port and int(port), "path": path,
            "query": dict(pairs), "fragment": fragment}
