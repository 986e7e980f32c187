"""Computes the date of Easter Sunday (Gauss, Lichtenberg)."""


def get_capabilities():
    return {
        "name": "easter-date",
        "description": "Computes the date of Easter Sunday (Gauss, Lichtenberg).",
        "capabilities": ["date.easter"],
        "utterances": ["computes the date of easter sunday (gauss"],
    }


def execute(input):
    year = input["year"]
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    l = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * l) // 451
    month, day = divmod(h + l - 7 * m + 114, 31)
    return {"date": f"{year}-{month:02d}-{day + 1:02d}"}
