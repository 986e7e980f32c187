"""Explains HTTP status codes."""

CODES = {
    100: "Continue", 101: "Switching Protocols", 200: "OK", 201: "Created", 202: "Accepted", 204: "No Content",
    301: "Moved Permanently", 302: "Found", 304: "Not Modified", 307: "Temporary Redirect", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
    410: "Gone", 418: "I'm a teapot", 422: "Unprocessable Content", 429: "Too Many Requests",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}
KINDS = {1: "information", 2: "success", 3: "redirection", 4: "client error", 5: "server error"}


def get_capabilities():
    return {
        "name": "http-status",
        "description": "Explains HTTP status codes.",
        "capabilities": ["web.status"],
        "utterances": ["explains http status codes"],
    }


def execute(input):
    code = int(input["code"])
    return {"code": code, "name": CODES.get(code, "unknown"), "kind": KINDS.get(code // 100)}
