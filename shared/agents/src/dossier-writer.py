"""Puts what others found out about a set of documents into one dossier, in Markdown."""

RULE = "-" * 3


def get_capabilities():
    return {
        "name": "dossier-writer",
        "description": "Combines titles, statistics, key phrases and remarks about several "
        "documents into one dossier with a table of contents.",
        "capabilities": ["text.dossier"],
        "utterances": [
            "put these findings into one dossier",
            "write a combined report on the documents",
            "assemble the results into a single summary file",
            "make a dossier with a table of contents",
            "merge the notes on all papers into one",
        ],
        "examples": [
            {
                "input": {
                    "title": "Two letters",
                    "documents": [{"title": "First"}, {"title": "Second"}],
                },
            }
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "documents": {
                    "type": "array",
                    "items": {"type": "object"},
                    "maxItems": 500,
                },
                "statistics": {"type": "array", "items": {"type": "object"}},
                "keywords": {"type": "array", "items": {"type": "object"}},
                "remarks": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["title", "documents"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "markdown": {"type": "string"},
                "documents": {"type": "integer", "minimum": 0},
                "words": {"type": "integer", "minimum": 0},
            },
            "required": ["markdown", "documents", "words"],
        },
        "tools": [],
        "limits": {"wall_time_ms": 1000},
    }


def nth(items, index):
    """The item in that place, or an empty one where there are fewer."""
    return items[index] if index < len(items) else {}


def section(number, document, statistics, keywords):
    lines = ["## " + str(number) + ". " + document.get("title", "Untitled"), ""]
    if statistics:
        words = statistics.get("words", 0)
        minutes = max(1, round(statistics.get("reading_seconds", 0) / 60))
        lines.append(str(words) + " words, about " + str(minutes) + " min to read.")
    phrases = [keyword.get("phrase", "") for keyword in keywords.get("keywords", [])]
    if phrases:
        lines.append("Key phrases: " + ", ".join(phrases) + ".")
    lines.append("")
    return lines


def execute(input):
    documents = input["documents"]
    statistics = input.get("statistics", [])
    keywords = input.get("keywords", [])
    lines = ["# " + input["title"], ""]
    for index, document in enumerate(documents):
        lines.append(str(index + 1) + ". " + document.get("title", "Untitled"))
    lines.append("")
    for index, document in enumerate(documents):
        lines += section(index + 1, document, nth(statistics, index), nth(keywords, index))
    remarks = input.get("remarks", [])
    if remarks:
        lines += [RULE, ""] + ["- " + remark for remark in remarks]
    return {
        "markdown": "\n".join(lines).strip() + "\n",
        "documents": len(documents),
        "words": sum(found.get("words", 0) for found in statistics),
    }
