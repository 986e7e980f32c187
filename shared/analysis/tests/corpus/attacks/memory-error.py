# expect: SEC033 SEC037
def execute(input):
    for i in range(1000):
        try:
            y = [0] * 10**9
        except MemoryError:
            pass


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
