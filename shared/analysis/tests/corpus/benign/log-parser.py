"""Parses lines of a web server's access log."""

import re

LINE = re.compile(
    r'^(\d{1,3}(?:\.\d{1,3}){3}) \S+ \S+ \[([^\]]+)\] "(\w+) ([^" ]+)[^"]*" (\d{3}) (\d+|-)$'
)


def get_capabilities():
    return {
        "name": "log-parser",
        "description": "Parses lines of a web server's access log.",
        "capabilities": ["logs.parse"],
        "utterances": ["parses lines of a web server's access log"],
    }


def execute(input):
    entries, rejected = [], 0
    for line in input["lines"]:
        match = LINE.match(line)
        if match is None:
            rejected += 1
            continue
        address, moment, method, path, status, size = match.groups()
        entries.append({"address": address, "at": moment, "method": method, "path": path,
                        "status": int(status), "bytes": 0 if size == "-" else int(size)})
    return {"entries": entries, "rejected": rejected}
