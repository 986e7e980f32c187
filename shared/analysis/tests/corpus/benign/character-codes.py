def execute(input):
    text = input["text"]
    vowels = sum(map(text.lower().count, "aeiou"))
    rotated = "".join(chr((ord(c) - 97 + 13) % 26 + 97) if "a" <= c <= "z" else c for c in text)
    alphabet = "".join(chr(i) for i in range(97, 123))
    digits = "".join(map(str, range(10)))
    codes = [ord(c) for c in "hello"]
    hello = "".join(chr(c) for c in codes)
    stars = bytes([226, 152, 133]).decode("utf-8")
    return [vowels, rotated, alphabet, digits, hello, stars, text[::-1]]


def get_capabilities():
    return {"name": "character-codes", "description": "Does what its name says.", "capabilities": ["sample.character-codes"]}
