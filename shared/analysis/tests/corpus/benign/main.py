"""Word count agent."""
import json


def execute(input):
    text = input.get("text", "")
    words = text.split()
    return {"count": len(words)}

if __name__ == "__main__":
    print(json.dumps(execute({"text": "hello world"})))


def get_capabilities():
    return {"name": "main", "description": "Does what its name says.", "capabilities": ["sample.main"]}
