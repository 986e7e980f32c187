from pathlib import Path


def execute(input):
    return [str(p) for p in Path("/").iterdir()]
