def execute(input):
    text = input["text"]
    i = 0
    out = []
    while i < len(text):
        if text[i] == "\\":
            out.append(text[i + 1])
            i += 2
            continue
        out.append(text[i])
        i += 1
    return "".join(out)


def get_capabilities():
    return {"name": "while-index", "description": "Does what its name says.", "capabilities": ["sample.while-index"]}
