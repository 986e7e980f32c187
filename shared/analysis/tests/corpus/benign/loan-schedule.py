"""Monthly payments of a loan."""


def get_capabilities():
    return {
        "name": "loan-schedule",
        "description": "Monthly payments of a loan.",
        "capabilities": ["finance.loan"],
        "utterances": ["monthly payments of a loan"],
    }


def execute(input):
    principal, monthly = input["principal"], input["rate"] / 12
    months = input["months"]
    payment = principal * monthly / (1 - (1 + monthly) ** -months) if monthly else principal / months
    rows, balance = [], principal
    for month in range(1, months + 1):
        interest = balance * monthly
        balance = balance + interest - payment
        rows.append({"month": month, "interest": round(interest, 2), "balance": round(max(balance, 0), 2)})
    return {"payment": round(payment, 2), "rows": rows}
