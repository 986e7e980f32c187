import re
PATTERNS = {
    "email": r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$",
    "url": r"https?://(?:www\.)?[-\w@:%.+~#=]{1,256}\.[a-z]{2,6}\b(?:[-\w@:%+.~#?&/=]*)",
    "ipv4": r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$",
    "date": r"\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{2,4})\b",
    "money": r"[$€£]\s?\d{1,3}(?:[,.]\d{3})*(?:[.,]\d{2})?",
    "hex": r"#(?:[0-9a-fA-F]{3}){1,2}\b",
    "uuid": r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}",
    "hashtag": r"(?<!\w)#\w+",
    "quoted": r'"([^"\\]*(?:\\.[^"\\]*)*)"',
    "tag": r"<(\w+)(?:\s+[\w-]+(?:=\"[^\"]*\")?)*\s*/?>",
    "camel": r"(?<=[a-z])(?=[A-Z])",
    "semver": r"^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([\w.-]+))?$",
    "name": r"^[A-Z][a-z]+(?: [A-Z][a-z]+)*$",
    "number": r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?",
    "spaces": r"\s{2,}|\t+",
    "keyvalue": r"^\s*([\w.-]+)\s*[:=]\s*(.*?)\s*$",
    "sentence": r"[^.!?]+[.!?]+(?:\s|$)",
    "words": r"(\w+\s*)+",
    "list": r"^(?:[-*+]|\d+\.)\s+(.+)$",
    "isbn": r"(?:97[89][- ]?)?(?:\d[- ]?){9}[\dXx]",
    "time": r"^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\s*(am|pm)?$",
    "path": r"^(/[^/ ]*)+/?$",
    "csv": r'(?:^|,)(?:"([^"]*(?:""[^"]*)*)"|([^,]*))',


}


def execute(input):
    return {k: bool(re.search(p, input["text"])) for k, p in PATTERNS.items()}


def get_capabilities():
    return {"name": "regexes", "description": "Does what its name says.", "capabilities": ["sample.regexes"]}
