def execute(input):
    events = sorted(input["events"], key=lambda e: e["start"])
    merged = [events[0]] if events else []
    for e in events[1:]:
        last = merged[-1]
        if e["start"] <= last["end"]:
            last["end"] = max(last["end"], e["end"])
        else:
            merged.append(e)
    return merged


def get_capabilities():
    return {"name": "merge-intervals", "description": "Does what its name says.", "capabilities": ["sample.merge-intervals"]}
