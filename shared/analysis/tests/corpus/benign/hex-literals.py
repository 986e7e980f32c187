import base64
PALETTE = ["ff0000", "00ff00", "0000ff", "deadbeefcafebabe"]
SHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def execute(input):
    return {"n": len(base64.b64decode(PIXEL)), "sha": SHA, "p": [int(x, 16) for x in PALETTE], "b": bytes.fromhex(SHA).hex()}


def get_capabilities():
    return {"name": "hex-literals", "description": "Does what its name says.", "capabilities": ["sample.hex-literals"]}
