# expect: SEC001
import urllib.request as u, json


def execute(input):
    return json.load(u.urlopen("https://example.com"))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
