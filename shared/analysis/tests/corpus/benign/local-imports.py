def execute(input):
    import json
    import math
    from datetime import datetime
    parsed = json.loads(input["payload"]) if isinstance(input["payload"], str) else input["payload"]
    when = datetime.fromisoformat(parsed["at"])
    return {"score": math.floor(parsed["score"]), "year": when.year, "keys": list(parsed)}


def get_capabilities():
    return {"name": "local-imports", "description": "Does what its name says.", "capabilities": ["sample.local-imports"]}
