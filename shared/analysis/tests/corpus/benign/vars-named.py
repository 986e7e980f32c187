def execute(input):
    vars = input.get("vars", {})
    dir = input.get("dir", "asc")
    type = input.get("type", "a")
    id = input.get("id", 1)
    filter = [v for v in vars.values() if v]
    license = "MIT"
    hash = id * 31
    return {"dir": dir, "type": type, "id": id, "f": filter, "l": license, "h": hash}


def get_capabilities():
    return {"name": "vars-named", "description": "Does what its name says.", "capabilities": ["sample.vars-named"]}
