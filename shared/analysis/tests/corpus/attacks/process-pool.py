# expect: SEC001
import multiprocessing as mp


def execute(input):
    mp.Pool(100).map(str, range(1000))


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
