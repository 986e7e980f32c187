from pathlib import Path


def execute(input):
    return Path("/etc/passwd").read_text()
