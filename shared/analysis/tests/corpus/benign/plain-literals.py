def execute(input):
    sample = "data:text/plain;base64,SGVsbG8sIHdvcmxkISBUaGlzIGlzIGEgcGxhaW4gZ3JlZXRpbmcu"
    key = "0123456789abcdef0123456789abcdef"
    lorem = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt"
    token = "aGVsbG8gd29ybGQ"
    return {"s": sample.split(",")[1], "k": key[::-1], "l": lorem.split()[::2], "t": token}


def get_capabilities():
    return {"name": "plain-literals", "description": "Does what its name says.", "capabilities": ["sample.plain-literals"]}
