def execute(input):
    balance = input["start"]
    years = 0
    while balance < input["goal"]:
        balance += balance * input["rate"] + input["deposit"] * 12
        years += 1
        if years > 200:
            return {"years": None}
    return {"years": years, "balance": round(balance, 2)}


def get_capabilities():
    return {"name": "savings-goal", "description": "Does what its name says.", "capabilities": ["sample.savings-goal"]}
