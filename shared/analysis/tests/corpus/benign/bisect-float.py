def execute(input):
    lo, hi = 0.0, 100.0
    while hi - lo > 1e-9:
        mid = (lo + hi) / 2
        if mid * mid < input["x"]:
            lo = mid
        else:
            hi = mid
    return lo


def get_capabilities():
    return {"name": "bisect-float", "description": "Does what its name says.", "capabilities": ["sample.bisect-float"]}
