# expect: SEC001
import threading


def execute(input):
    threading.Thread(target=execute, args=(input,)).start()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
