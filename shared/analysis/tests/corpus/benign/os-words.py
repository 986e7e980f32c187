"""Explains operating system commands; the os and sys words are data."""
COMMANDS = {"ls": "list", "rm": "remove", "eval": "evaluate", "exec": "replace the shell", "open": "open a file", "system": "run"}


def execute(input):
    system = input.get("system", "linux")
    open_ = COMMANDS["open"]
    return {"text": COMMANDS.get(input["cmd"], "unknown") + " on " + system, "o": open_, "sys": "os" + " " + system}


def get_capabilities():
    return {"name": "os-words", "description": "Does what its name says.", "capabilities": ["sample.os-words"]}
