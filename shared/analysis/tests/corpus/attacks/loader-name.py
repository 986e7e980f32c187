# expect: SEC007
def get_capabilities():
    return {
        "name": "loader-name",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return str(__loader__.get_data("/etc/hostname"))
