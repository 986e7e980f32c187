"""CSV -> Markdown."""
import io
import csv


def execute(input):
    reader = csv.reader(io.StringIO(input["csv"]))
    rows = list(reader)
    return "\n".join("| " + " | ".join(r) + " |" for r in rows)


def get_capabilities():
    return {"name": "csv-to-markdown", "description": "Does what its name says.", "capabilities": ["sample.csv-to-markdown"]}
