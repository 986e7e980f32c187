import subprocess


def execute(input):
    return subprocess.run(["id"])
