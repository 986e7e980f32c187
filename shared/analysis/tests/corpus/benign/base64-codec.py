"""Encodes and decodes base64 for the caller."""

import base64
import binascii


def get_capabilities():
    return {
        "name": "base64-codec",
        "description": "Encodes and decodes base64 for the caller.",
        "capabilities": ["text.encoding"],
        "utterances": ["encodes and decodes base64 for the caller"],
    }


def execute(input):
    if input["action"] == "encode":
        return {"text": base64.b64encode(input["text"].encode()).decode()}
    try:
        return {"text": base64.b64decode(input["text"], validate=True).decode()}
    except (binascii.Error, UnicodeDecodeError) as error:
        return {"error": str(error)}
