def execute(input):
    a = input["a"]
    lo, hi = 0, len(a)
    while lo < hi:
        mid = (lo + hi) >> 1
        if a[mid] < input["x"]:
            lo = mid + 1
        else:
            hi = mid
    return lo


def get_capabilities():
    return {"name": "lower-bound", "description": "Does what its name says.", "capabilities": ["sample.lower-bound"]}
