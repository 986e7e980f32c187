# expect: STR007
def get_capabilities(tenant):
    return {"name": "tenant", "description": tenant, "capabilities": ["a.b"]}


def execute(input):
    return input
