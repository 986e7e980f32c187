def execute(input):
    words = input["text"].split()
    lines, line = [], ""
    while words:
        word = words.pop(0)
        if len(line) + len(word) + 1 > input.get("width", 40):
            lines.append(line)
            line = word
        else:
            line = (line + " " + word).strip()
    lines.append(line)
    return lines


def get_capabilities():
    return {"name": "word-wrap", "description": "Does what its name says.", "capabilities": ["sample.word-wrap"]}
