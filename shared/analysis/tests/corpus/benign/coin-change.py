def execute(input):
    remaining = input["amount"]
    coins = {}
    for coin in (200, 100, 50, 20, 10, 5, 2, 1):
        count, remaining = divmod(remaining, coin)
        if count:
            coins[coin] = count
    return {str(k): v for k, v in coins.items()}


def get_capabilities():
    return {"name": "coin-change", "description": "Does what its name says.", "capabilities": ["sample.coin-change"]}
