def execute(input):
    pos = 0
    depth = 0
    out = []
    src = input["src"]
    while pos < len(src):
        ch = src[pos]
        if ch == "{":
            depth += 1
        elif ch == "}":
            depth -= 1
        elif ch == "\n":
            out.append("  " * depth)
        pos += 1
    while depth > 0:
        out.append("}")
        depth -= 1
    return out


def get_capabilities():
    return {"name": "indenter", "description": "Does what its name says.", "capabilities": ["sample.indenter"]}
