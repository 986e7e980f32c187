def execute(input):
    count = input["count"]
    while count > 0:
        yield_value = count * 2
        count -= 1
    total = 10
    while total >= 0:
        total -= 3
    i = 100
    while i > 1:
        i = i // 2
    x = 1
    while x < 1000:
        x = x * 3
    y = 0.5
    while y > 0.001:
        y = y * 0.5
    return [count, total, i, x, y]


def get_capabilities():
    return {"name": "while-styles", "description": "Does what its name says.", "capabilities": ["sample.while-styles"]}
