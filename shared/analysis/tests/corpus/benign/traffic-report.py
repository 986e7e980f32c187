"""Adds up traffic counts and draws bars."""


def get_capabilities():
    return {
        "name": "traffic-report",
        "description": "Adds up traffic counts and draws bars.",
        "capabilities": ["statistics.traffic"],
        "utterances": ["adds up traffic counts and draws bars"],
    }


def execute(input):
    totals = {}
    for road, count in input["counts"]:
        totals[road] = totals.get(road, 0) + count
    highest = max(totals.values(), default=0)
    bars = {road: "█" * round(20 * total / highest) for road, total in totals.items()} if highest else {}
    return {"totals": totals, "bars": bars, "separator": "=" * 60}
