# expect: SEC001 SEC006
import pickle


class R:
    def __reduce__(self):
        import os
        return os.system, ("id",)


def execute(input):
    return pickle.dumps(R())


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
