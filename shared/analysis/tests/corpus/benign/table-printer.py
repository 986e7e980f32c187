"""Prints rows as a table with aligned columns."""


def get_capabilities():
    return {
        "name": "table-printer",
        "description": "Prints rows as a table with aligned columns.",
        "capabilities": ["text.table"],
        "utterances": ["prints rows as a table with aligned columns"],
    }


def execute(input):
    rows = [[str(cell) for cell in row] for row in input["rows"]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        lines.append(" | ".join(cell.ljust(width) for cell, width in zip(row, widths)))
    rule = "-+-".join("-" * width for width in widths)
    return {"table": "\n".join([lines[0], rule] + lines[1:]), "boxed": f"{'total':>20}|{len(rows):08d}"}
