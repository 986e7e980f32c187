def execute(input):
    d = {}
    for key in input["keys"]:
        d[key] = d.get(key, 0) + 1
    inverted = {}
    for k, v in d.items():
        inverted.setdefault(v, []).append(k)
    copy = d
    copy["total"] = sum(v for v in d.values())
    nested = {"outer": d}
    return {"d": nested, "inv": {str(k): v for k, v in inverted.items()}}


def get_capabilities():
    return {"name": "inverted-counts", "description": "Does what its name says.", "capabilities": ["sample.inverted-counts"]}
