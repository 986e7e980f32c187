def execute(input):
    text = input["text"]
    result = ""
    for ch in text:
        code = ord(ch)
        if 65 <= code <= 90:
            result += chr(155 - code)
        elif 97 <= code <= 122:
            result += chr(219 - code)
        else:
            result += ch
    return {"atbash": result, "binary": " ".join(f"{ord(c):08b}" for c in text)}


def get_capabilities():
    return {"name": "atbash", "description": "Does what its name says.", "capabilities": ["sample.atbash"]}
