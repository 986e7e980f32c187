# expect: SEC020
import base64

BLOB = (
    "6nQ0mZ8f4yqTtH1O0WbX9z5s3Kp7uVYjRr2cLdEaFhGiMnPxNvQwJkSBCDUoelA+8/7Zq1Y3tK9fLmWcXvBzHsRpOuGnJdTaEiyQ5w2hV4bM6xkCgNjP0rSFDIUoZlA8/e7YtqK1f3LmW9cXvBzHsRpOuGnJdTaEiyQ5w2hV4bM6xkCgNjP0rSFDIUoZlA8e7Y"
    "tqK1f3LmW9cXvBzHsR"
)


def get_capabilities():
    return {
        "name": "opaque-blob",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return {"size": len(base64.b64decode(BLOB))}
