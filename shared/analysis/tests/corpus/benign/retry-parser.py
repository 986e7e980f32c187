"""Parses numbers leniently; what cannot be read is counted."""


def get_capabilities():
    return {
        "name": "retry-parser",
        "description": "Parses numbers leniently; what cannot be read is counted.",
        "capabilities": ["text.numbers"],
        "utterances": ["parses numbers leniently; what cannot be read is counted"],
    }


def execute(input):
    numbers, failures = [], 0
    for text in input["texts"]:
        try:
            numbers.append(float(text.replace(",", ".")))
        except (ValueError, AttributeError):
            failures += 1
            continue
    return {"numbers": numbers, "failures": failures}
