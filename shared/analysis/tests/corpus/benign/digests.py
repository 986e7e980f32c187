import hashlib
import hmac
import secrets


def execute(input):
    digest = hashlib.sha256(input["text"].encode()).hexdigest()
    mac = hmac.new(b"demo", input["text"].encode(), "sha256").hexdigest()
    return {"sha256": digest, "mac": mac, "same": secrets.compare_digest(digest, digest)}


def get_capabilities():
    return {"name": "digests", "description": "Does what its name says.", "capabilities": ["sample.digests"]}
