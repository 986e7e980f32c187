"""Unit tests its own helper when asked."""


def clamp(x, low=0, high=100):
    assert low <= high, "bounds"
    return max(low, min(high, x))


def self_test():
    cases = [((5,), 5), ((-1,), 0), ((200,), 100)]
    return all(clamp(*args) == expected for args, expected in cases)


def execute(input):
    if input.get("mode") == "test":
        return {"ok": self_test()}
    return {"value": clamp(input["value"])}


def get_capabilities():
    return {"name": "self-test", "description": "Does what its name says.", "capabilities": ["sample.self-test"]}
