"""Turns dates as people write them into ISO 8601, and owns up to what it had to guess."""

import re
from datetime import date

MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}


def get_capabilities():
    return {
        "name": "date-normaliser",
        "description": "Rewrites dates in many notations as ISO 8601 and says which of them "
        "could be read in more than one way.",
        "capabilities": ["date.normalise"],
        "utterances": [
            "convert these dates to iso format",
            "normalise the dates in my list",
            "what date is 03/04/2025",
            "clean up inconsistent date formats",
            "turn 5 May 2024 into yyyy-mm-dd",
        ],
        "examples": [
            {
                "input": {"dates": ["3 Apr 2025", "03/04/2025", "31/02/2025"]},
                "output": {
                    "dates": [
                        {"text": "3 Apr 2025", "iso": "2025-04-03", "ambiguous": False},
                        {
                            "text": "03/04/2025",
                            "iso": "2025-04-03",
                            "ambiguous": True,
                            "alternative": "2025-03-04",
                        },
                        {
                            "text": "31/02/2025",
                            "iso": None,
                            "ambiguous": False,
                            "problem": "no such day",
                        },
                    ],
                    "read": 2,
                    "ambiguous": 1,
                },
            }
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "dates": {"type": "array", "items": {"type": "string"}, "maxItems": 1000},
                "day_first": {"type": "boolean"},
            },
            "required": ["dates"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "dates": {"type": "array", "items": {"type": "object"}},
                "read": {"type": "integer"},
                "ambiguous": {"type": "integer"},
            },
            "required": ["dates", "read", "ambiguous"],
        },
        "tools": [],
        "limits": {"wall_time_ms": 500},
    }


def full_year(digits):
    """Two digits mean 1970 to 2069."""
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < 70 else 1900)


def iso(year, month, day):
    """The date in ISO 8601, or None where the calendar has no such day."""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def candidates(text, day_first):
    """The (year, month, day) readings of a text, the likelier first; None for no date at all."""
    text = re.sub(r"(\d)(?:st|nd|rd|th)\b", r"\1", text.strip().lower())
    text = re.sub(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", "", text)
    match = re.fullmatch(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[t ]\d\d:\d\d.*)?", text)
    if match:
        return [(int(match.group(1)), int(match.group(2)), int(match.group(3)))]
    match = re.fullmatch(r"(\d{1,2})[ .-]*(?:of )?([a-z]{3})[a-z]*[ .,-]*(\d{4}|\d\d)", text)
    if match and match.group(2) in MONTHS:
        return [(full_year(match.group(3)), MONTHS[match.group(2)], int(match.group(1)))]
    match = re.fullmatch(r"([a-z]{3})[a-z]*[ .-]*(\d{1,2}),?[ -]+(\d{4}|\d\d)", text)
    if match and match.group(1) in MONTHS:
        return [(full_year(match.group(3)), MONTHS[match.group(1)], int(match.group(2)))]
    match = re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)", text)
    if match:
        first, second = int(match.group(1)), int(match.group(3))
        year = full_year(match.group(4))
        readings = [(year, second, first), (year, first, second)]
        # Nobody who writes dots puts the month first.
        if match.group(2) == ".":
            return readings[:1]
        return readings if day_first else readings[::-1]
    return None


def normalise(text, day_first):
    readings = candidates(text, day_first)
    if readings is None:
        return {"text": text, "iso": None, "ambiguous": False, "problem": "not a date"}
    dates = []
    for year, month, day in readings:
        found = iso(year, month, day)
        if found and found not in dates:
            dates.append(found)
    if not dates:
        return {"text": text, "iso": None, "ambiguous": False, "problem": "no such day"}
    result = {"text": text, "iso": dates[0], "ambiguous": len(dates) > 1}
    if len(dates) > 1:
        result["alternative"] = dates[1]
    return result


def execute(input):
    day_first = input.get("day_first", True)
    results = [normalise(text, day_first) for text in input["dates"]]
    return {
        "dates": results,
        "read": sum(1 for result in results if result["iso"]),
        "ambiguous": sum(1 for result in results if result["ambiguous"]),
    }
