import sys


class Here:
    pass


def execute(input):
    found = []
    name = "__tdev" + "_call"
    for thing in [execute, Here, Here(), sys, log, print, "", input]:
        found.append(getattr(thing, name, None))
        found.append(hasattr(thing, "__globals__"))
    return found
