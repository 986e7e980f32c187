API_KEY_PATTERN = "sk-..."
PLACEHOLDER = "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
EXAMPLE_KEY = "AKIAIOSFODNN7EXAMPLE"


def execute(input):
    masked = input["key"][:4] + "*" * max(0, len(input["key"]) - 4)
    return {"masked": masked, "pattern": API_KEY_PATTERN, "p": PLACEHOLDER}


def get_capabilities():
    return {"name": "key-masking", "description": "Does what its name says.", "capabilities": ["sample.key-masking"]}
