import re
EMOJI = {":)": "🙂", ":(": "🙁", "<3": "❤️"}


def execute(input):
    text = input["text"]
    for k, v in EMOJI.items():
        text = text.replace(k, v)
    pattern = "|".join(re.escape(k) for k in EMOJI)
    return {"text": text, "left": len(re.findall(pattern, text))}


def get_capabilities():
    return {"name": "emoji-replacer", "description": "Does what its name says.", "capabilities": ["sample.emoji-replacer"]}
