"""Checks a value against a small subset of JSON Schema."""

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}


def problems(schema, value, path):
    wanted = schema.get("type")
    if wanted and not isinstance(value, TYPES[wanted]):
        return [f"{path or '/'}: expected {wanted}"]
    found = []
    if isinstance(value, dict):
        found += [f"{path}/{key}: missing" for key in schema.get("required", []) if key not in value]
        for key, inner in schema.get("properties", {}).items():
            if key in value:
                found += problems(inner, value[key], f"{path}/{key}")
    if isinstance(value, list) and "items" in schema:
        for index, inner in enumerate(value):
            found += problems(schema["items"], inner, f"{path}/{index}")
    return found


def get_capabilities():
    return {
        "name": "json-validator",
        "description": "Checks a value against a small subset of JSON Schema.",
        "capabilities": ["data.validate"],
        "utterances": ["checks a value against a small subset of json schema"],
    }


def execute(input):
    found = problems(input["schema"], input["value"], "")
    return {"valid": not found, "problems": found}
