"""Checksums of a text: CRC-32, Adler-32 and Fletcher-16."""

import binascii


def get_capabilities():
    return {
        "name": "checksum",
        "description": "Checksums of a text: CRC-32, Adler-32 and Fletcher-16.",
        "capabilities": ["data.checksum"],
        "utterances": ["checksums of a text: crc-32"],
    }


def execute(input):
    data = input["text"].encode("utf-8")
    a, b = 1, 0
    for byte in data:
        a = (a + byte) % 65521
        b = (b + a) % 65521
    x = y = 0
    for byte in data:
        x = (x + byte) % 255
        y = (y + x) % 255
    return {"crc32": f"{binascii.crc32(data):08x}", "adler32": f"{b << 16 | a:08x}", "fletcher16": f"{y << 8 | x:04x}"}
