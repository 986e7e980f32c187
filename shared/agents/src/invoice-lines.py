"""Reads invoice lines as people write them and checks their arithmetic."""

import re


def get_capabilities():
    return {
        "name": "invoice-lines",
        "description": "Parses free-text invoice lines into item, quantity, unit price and "
        "total, and flags lines whose total is not quantity times price.",
        "capabilities": ["finance.invoice", "text.extraction"],
        "utterances": [
            "read the lines of this invoice",
            "extract quantity and price from these order lines",
            "does this invoice add up",
            "check the totals on my bill",
            "turn invoice text into a table",
        ],
        "examples": [
            {
                "input": {"text": "2 x Desk lamp @ 24.50 = 49.00\nThank you!"},
                "output": {
                    "lines": [
                        {
                            "line": 1,
                            "item": "Desk lamp",
                            "quantity": 2,
                            "unit_price": 24.5,
                            "total": 49.0,
                            "problem": None,
                        }
                    ],
                    "skipped": [2],
                    "sum": 49.0,
                    "stated_total": None,
                    "consistent": True,
                },
            }
        ],
        "input_schema": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "lines": {"type": "array", "items": {"type": "object"}},
                "skipped": {"type": "array", "items": {"type": "integer"}},
                "sum": {"type": "number"},
                "stated_total": {"type": ["number", "null"]},
                "consistent": {"type": "boolean"},
            },
            "required": ["lines", "skipped", "sum", "stated_total", "consistent"],
        },
        "tools": [],
        "limits": {"wall_time_ms": 500},
    }


MONEY = r"[€$£]?\s*\d[\d.,' ]*"
QUANTITY = r"(?P<quantity>\d{1,6}(?:[.,]\d{1,3})?)"
LINE_FORMS = [
    # 3 x Widget @ 4.50 = 13.50
    rf"^{QUANTITY}\s*(?:x|×|pcs\.?|\*)\s+(?P<item>.+?)\s*(?:@|at|à)\s*(?P<price>{MONEY})"
    rf"(?:(?:=|:|total)\s*(?P<total>{MONEY}))?$",
    # Widget, qty 3, 4.50 each, 13.50
    rf"^(?P<item>.+?)[,;:]?\s+(?:qty|quantity)[:.]?\s*{QUANTITY}[,;]?\s*"
    rf"(?P<price>{MONEY})\s*(?:each|ea\.?|per unit)(?:[,;=]?\s*(?P<total>{MONEY}))?$",
    # Widget | 3 | 4.50 | 13.50
    rf"^(?P<item>[^|]+?)\s*\|\s*{QUANTITY}\s*\|\s*(?P<price>{MONEY})\|\s*(?P<total>{MONEY})$",
]
TOTAL_LINE = rf"^(?:sub)?total(?:\s+due)?\s*[:=]?\s*(?P<total>{MONEY})$"


def amount(text):
    """Reads 1,234.50, 1.234,50, 1'234.5 and € 12 alike: the last of . and , is the point."""
    text = "".join(c for c in text if c.isdigit() or c in ".,").strip(".,")
    point = max(text.rfind("."), text.rfind(","))
    if point >= 0 and len(text) - point - 1 == 3 and text.count(text[point]) == 1:
        point = -1  # a lone separator before three digits groups thousands
    if point < 0:
        return float(text.replace(",", "").replace(".", ""))
    whole = text[:point].replace(",", "").replace(".", "")
    return float(whole + "." + text[point + 1 :])


def parse_line(number, text, forms):
    for form in forms:
        match = form.search(text)
        if not match:
            continue
        quantity = float(match.group("quantity").replace(",", "."))
        price = amount(match.group("price"))
        expected = round(quantity * price, 2)
        written = match.group("total")
        total = amount(written) if written else expected
        problem = None
        if abs(total - expected) > 0.005:
            problem = f"{quantity:g} × {price:.2f} is {expected:.2f}, not {total:.2f}"
        return {
            "line": number,
            "item": match.group("item").strip(),
            "quantity": int(quantity) if quantity == int(quantity) else quantity,
            "unit_price": price,
            "total": total,
            "problem": problem,
        }
    return None


def execute(input):
    forms = [re.compile(form, re.IGNORECASE) for form in LINE_FORMS]
    total_line = re.compile(TOTAL_LINE, re.IGNORECASE)
    lines, skipped, stated = [], [], None
    for number, text in enumerate(input["text"].splitlines(), 1):
        text = text.strip()
        if not text:
            continue
        total = total_line.search(text)
        parsed = None if total else parse_line(number, text, forms)
        if total:
            stated = amount(total.group("total"))
        elif parsed:
            lines.append(parsed)
        else:
            skipped.append(number)
    added = round(sum(line["total"] for line in lines), 2)
    sums = stated is None or abs(stated - added) <= 0.005
    return {
        "lines": lines,
        "skipped": skipped,
        "sum": added,
        "stated_total": stated,
        "consistent": sums and all(line["problem"] is None for line in lines),
    }
