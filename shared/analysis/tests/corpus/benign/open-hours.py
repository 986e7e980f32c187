"""Says whether a shop is open; `open` and `compile` are only words here."""


def minutes(text):
    hours, rest = text.split(":")
    return int(hours) * 60 + int(rest)


def get_capabilities():
    return {
        "name": "open-hours",
        "description": "Says whether a shop is open; `open` and `compile` are only words here.",
        "capabilities": ["planning.hours"],
        "utterances": ["says whether a shop is open; `open` and `compile` are only words here"],
    }


def execute(input):
    open = input["open"].get(input["day"])
    if open is None:
        return {"open": False}
    start, end = (minutes(text) for text in open)
    return {"open": start <= minutes(input["time"]) < end, "vars": ["start", "end"], "id": input["day"]}
