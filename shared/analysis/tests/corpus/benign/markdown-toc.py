"""Builds a table of contents from Markdown headings."""

import re


def slug(title):
    return re.sub(r"[^\w-]+", "-", title.lower()).strip("-")


def get_capabilities():
    return {
        "name": "markdown-toc",
        "description": "Builds a table of contents from Markdown headings.",
        "capabilities": ["text.markdown"],
        "utterances": ["builds a table of contents from markdown headings"],
    }


def execute(input):
    entries = []
    for line in input["text"].splitlines():
        match = re.match(r"^(#{1,6})\s+(.+?)\s*#*$", line)
        if match:
            level, title = len(match.group(1)), match.group(2)
            entries.append("  " * (level - 1) + f"- [{title}](#{slug(title)})")
    return {"toc": "\n".join(entries)}
