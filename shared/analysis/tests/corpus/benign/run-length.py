"""Run-length encoding and its inverse."""

import re


def get_capabilities():
    return {
        "name": "run-length",
        "description": "Run-length encoding and its inverse.",
        "capabilities": ["data.compression"],
        "utterances": ["run-length encoding and its inverse"],
    }


def execute(input):
    if "packed" in input:
        parts = re.findall(r"(\d+)(\D)", input["packed"])
        return {"text": "".join(letter * min(int(count), 1000) for count, letter in parts)}
    packed, text, i = "", input["text"], 0
    while i < len(text):
        j = i
        while j < len(text) and text[j] == text[i]:
            j += 1
        packed += str(j - i) + text[i]
        i = j
    return {"packed": packed}
