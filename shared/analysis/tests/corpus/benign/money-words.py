import re


def execute(input):
    def repl(match):
        return match.group(0).replace(",", "")
    text = re.sub(r"\d{1,3}(,\d{3})+", repl, input["text"])
    text = re.sub(r"(?P<a>\w+)\s+(?P=a)", r"\g<a>", text)
    return text.translate({ord("\u2019"): "'", ord("\u201c"): '"'})


def get_capabilities():
    return {"name": "money-words", "description": "Does what its name says.", "capabilities": ["sample.money-words"]}
