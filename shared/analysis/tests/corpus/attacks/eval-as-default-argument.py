# expect: SEC003
def calculate(text, using=eval):
    return using(text)


def get_capabilities():
    return {
        "name": "eval-as-default-argument",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"value": calculate(input["text"])}
