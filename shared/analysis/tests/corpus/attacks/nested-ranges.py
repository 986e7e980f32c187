# expect: SEC034
def get_capabilities():
    return {
        "name": "nested-ranges",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    total = 0
    for a in range(10_000):
        for b in range(10_000):
            for c in range(10_000):
                total += a * b * c
    return total
