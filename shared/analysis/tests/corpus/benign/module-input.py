import json
DEFAULTS = json.loads('{"limit": 3}')
TABLE = {n: n * n for n in range(100)}
NAMES = sorted(set("b a c".split()))
for _n in range(3):
    TABLE[-_n] = 0


def execute(input):
    return {"limit": DEFAULTS["limit"], "t": TABLE[5], "n": NAMES}


def get_capabilities():
    return {"name": "module-input", "description": "Does what its name says.", "capabilities": ["sample.module-input"]}
