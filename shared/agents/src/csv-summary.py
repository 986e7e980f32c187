"""Summarises the columns of a CSV text: types, gaps, ranges and commonest values."""

from collections import Counter


def get_capabilities():
    return {
        "name": "csv-summary",
        "description": "Reads CSV with a header row and reports for each column its type, how "
        "many cells are empty, and its range and mean or its commonest values.",
        "capabilities": ["data.csv", "data.summary"],
        "utterances": [
            "summarise this csv file",
            "what columns does my spreadsheet have",
            "what is the average of each column",
            "how many cells of the table are empty",
            "profile this data set",
        ],
        "examples": [
            {
                "input": {"csv": "city,stock\nOslo,4\nRoma,\n"},
                "output": {
                    "rows": 2,
                    "columns": [
                        {
                            "name": "city",
                            "type": "text",
                            "empty": 0,
                            "distinct": 2,
                            "commonest": [
                                {"value": "Oslo", "count": 1},
                                {"value": "Roma", "count": 1},
                            ],
                        },
                        {
                            "name": "stock",
                            "type": "number",
                            "empty": 1,
                            "distinct": 1,
                            "minimum": 4.0,
                            "maximum": 4.0,
                            "mean": 4.0,
                            "median": 4.0,
                        },
                    ],
                    "uneven_rows": [],
                },
            }
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "csv": {"type": "string", "minLength": 1},
                "delimiter": {"enum": [",", ";", "\t", "|"]},
            },
            "required": ["csv"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "rows": {"type": "integer"},
                "columns": {"type": "array", "items": {"type": "object"}},
                "uneven_rows": {"type": "array", "items": {"type": "integer"}},
            },
            "required": ["rows", "columns", "uneven_rows"],
        },
        "tools": [],
        "limits": {"wall_time_ms": 1000},
    }


def parse(text, delimiter):
    """Splits CSV into rows as RFC 4180 has it: quotes, doubled quotes, line breaks in quotes."""
    rows, row, cell, quoted, i = [], [], "", False, 0
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    while i < len(text):
        c = text[i]
        if quoted and c == '"' and text[i + 1 : i + 2] == '"':
            cell += '"'
            i += 1
        elif c == '"' and (quoted or cell == ""):
            quoted = not quoted
        elif c == delimiter and not quoted:
            row.append(cell)
            cell = ""
        elif c == "\n" and not quoted:
            rows.append(row + [cell])
            row, cell = [], ""
        else:
            cell += c
        i += 1
    if cell or row:
        rows.append(row + [cell])
    return [row for row in rows if row != [""]]


def number(cell):
    try:
        return float(cell.replace(" ", ""))
    except ValueError:
        return None


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2


def summarise(name, cells):
    filled = [cell for cell in cells if cell]
    column = {
        "name": name,
        "type": "empty",
        "empty": len(cells) - len(filled),
        "distinct": len(set(filled)),
    }
    if not filled:
        return column
    numbers = [number(cell) for cell in filled]
    if None not in numbers:
        column["type"] = "number"
        column["minimum"] = min(numbers)
        column["maximum"] = max(numbers)
        column["mean"] = round(sum(numbers) / len(numbers), 4)
        column["median"] = median(numbers)
    else:
        column["type"] = "text"
        ranked = sorted(Counter(filled).items(), key=lambda pair: (-pair[1], pair[0]))
        column["commonest"] = [{"value": v, "count": n} for v, n in ranked[:3]]
    return column


def execute(input):
    rows = parse(input["csv"], input.get("delimiter", ","))
    if not rows:
        raise ValueError("the CSV has no header row")
    header, body = [name.strip() for name in rows[0]], rows[1:]
    width = len(header)
    uneven = [n + 2 for n, row in enumerate(body) if len(row) != width]
    columns = []
    for k, name in enumerate(header):
        columns.append(summarise(name, [row[k].strip() if k < len(row) else "" for row in body]))
    return {"rows": len(body), "columns": columns, "uneven_rows": uneven}
