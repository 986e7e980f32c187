"""Works out who owes whom."""


def get_capabilities():
    return {
        "name": "expense-splitter",
        "description": "Works out who owes whom.",
        "capabilities": ["finance.split"],
        "utterances": ["works out who owes whom"],
    }


def execute(input):
    paid = input["paid"]
    share = sum(paid.values()) / len(paid)
    balances = {name: round(amount - share, 2) for name, amount in paid.items()}
    transfers = []
    while True:
        debtor = min(balances, key=balances.get)
        creditor = max(balances, key=balances.get)
        amount = round(min(-balances[debtor], balances[creditor]), 2)
        if amount < 0.01:
            return {"transfers": transfers}
        balances[debtor] = round(balances[debtor] + amount, 2)
        balances[creditor] = round(balances[creditor] - amount, 2)
        transfers.append({"from": debtor, "to": creditor, "amount": amount})
