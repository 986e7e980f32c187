"""Splits an arithmetic expression into tokens."""

import re

TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(.))")


def get_capabilities():
    return {
        "name": "tokenizer",
        "description": "Splits an arithmetic expression into tokens.",
        "capabilities": ["text.tokens"],
        "utterances": ["splits an arithmetic expression into tokens"],
    }


def execute(input):
    tokens, position, text = [], 0, input["text"].rstrip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise ValueError("cannot read from " + str(position))
        number, name, symbol = match.groups()
        tokens.append({"kind": "number" if number else "name" if name else "symbol", "text": match.group().strip()})
        position = match.end()
    return {"tokens": tokens}
