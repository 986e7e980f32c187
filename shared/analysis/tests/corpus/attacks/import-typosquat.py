# expect: SEC002
import python_dateutils_pro as dates


def get_capabilities():
    return {
        "name": "import-typosquat",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return dates.normalise(input["date"])
