import json


def execute(input):
    try:
        payload = json.loads(input["body"])
    except json.JSONDecodeError as e:
        return {"status": 400, "error": e.msg, "line": e.lineno}
    if not isinstance(payload, dict):
        return {"status": 422}
    return {"status": 200, "keys": sorted(payload), "compact": json.dumps(payload, separators=(",", ":"))}


def get_capabilities():
    return {"name": "json-body", "description": "Does what its name says.", "capabilities": ["sample.json-body"]}
