# expect: SEC020
import base64
A = "aW1wb3J0IHN1YnByb2Nlc3M7"
B = "c3VicHJvY2Vzcy5ydW4oJ2lkJyk="


def execute(input):
    return base64.b64decode(A + B)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
