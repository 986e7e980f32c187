# expect: SEC001
import marshal, zlib


def execute(input):
    return marshal.loads(zlib.decompress(b'x'))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
