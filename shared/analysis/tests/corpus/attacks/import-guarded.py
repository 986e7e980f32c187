# expect: SEC001
try:
    import ctypes
except ImportError:
    ctypes = None


def get_capabilities():
    return {
        "name": "import-guarded",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    if ctypes:
        return ctypes.string_at(0)
    return None
