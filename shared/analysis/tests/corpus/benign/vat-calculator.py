"""Adds value added tax."""

RATES = {"DE": 0.19, "FR": 0.2, "AT": 0.2, "CH": 0.081, "IT": 0.22, "ES": 0.21, "SE": 0.25, "PL": 0.23}


def get_capabilities():
    return {
        "name": "vat-calculator",
        "description": "Adds value added tax.",
        "capabilities": ["finance.tax"],
        "utterances": ["adds value added tax"],
    }


def execute(input):
    country = input["country"].upper()
    if country not in RATES:
        raise KeyError(f"no rate for {country}")
    tax = round(input["net"] * RATES[country], 2)
    return {"net": input["net"], "tax": tax, "gross": round(input["net"] + tax, 2)}
