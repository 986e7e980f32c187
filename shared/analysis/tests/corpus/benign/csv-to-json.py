"""Turns CSV into records, guessing the separator."""


def get_capabilities():
    return {
        "name": "csv-to-json",
        "description": "Turns CSV into records, guessing the separator.",
        "capabilities": ["data.csv"],
        "utterances": ["turns csv into records"],
    }


def execute(input):
    lines = [line for line in input["csv"].splitlines() if line.strip()]
    separator = max(",;\t|", key=lines[0].count)
    header = [cell.strip().strip('"') for cell in lines[0].split(separator)]
    records = []
    for line in lines[1:]:
        cells = [cell.strip().strip('"') for cell in line.split(separator)]
        records.append(dict(zip(header, cells)))
    return {"separator": separator, "records": records}
