def parse_duration(text):
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    total, number = 0, ""
    for ch in text.strip():
        if ch.isdigit():
            number += ch
        elif ch in units and number:
            total += int(number) * units[ch]
            number = ""
    return total


def execute(input):
    seconds = parse_duration(input["text"])
    parts = []
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        n, seconds = divmod(seconds, size)
        if n:
            parts.append(f"{n} {name}{'s' if n > 1 else ''}")
    return ", ".join(parts) or "0 seconds"


def get_capabilities():
    return {"name": "durations", "description": "Does what its name says.", "capabilities": ["sample.durations"]}
