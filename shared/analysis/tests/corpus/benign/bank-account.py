"""Keeps an account with properties and errors of its own."""


class AccountError(Exception):
    """The account cannot do that."""


class Account:
    def __init__(self, owner, balance=0):
        self.owner = owner
        self._balance = balance

    @property
    def balance(self):
        return self._balance

    def move(self, amount):
        if self._balance + amount < 0:
            raise AccountError(f"{self.owner} has only {self._balance}")
        self._balance += amount

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return False


def get_capabilities():
    return {
        "name": "bank-account",
        "description": "Keeps an account with properties and errors of its own.",
        "capabilities": ["finance.account"],
        "utterances": ["keeps an account with properties and errors of its own"],
    }


def execute(input):
    with Account("Ana") as account:
        for amount in input["moves"]:
            account.move(amount)
    return {"balance": account.balance}
