"""Counts working days between two dates."""

from datetime import date, timedelta


def get_capabilities():
    return {
        "name": "weekday-counter",
        "description": "Counts working days between two dates.",
        "capabilities": ["date.weekdays"],
        "utterances": ["counts working days between two dates"],
    }


def execute(input):
    day, last = date.fromisoformat(input["from"]), date.fromisoformat(input["to"])
    holidays = set(input.get("holidays", []))
    working = 0
    while day <= last:
        if day.weekday() < 5 and day.isoformat() not in holidays:
            working += 1
        day += timedelta(days=1)
    return {"working_days": working}
