"""Scales a recipe."""


def nice(amount):
    for step in (0.25, 0.5, 1, 5, 25):
        if amount < step * 20:
            return round(amount / step) * step
    return round(amount)


def get_capabilities():
    return {
        "name": "recipe-scaler",
        "description": "Scales a recipe.",
        "capabilities": ["cooking.scale"],
        "utterances": ["scales a recipe"],
    }


def execute(input):
    factor = input["wanted"] / input["servings"]
    scaled = [{**item, "amount": nice(item["amount"] * factor)} for item in input["ingredients"]]
    return {"factor": round(factor, 3), "ingredients": scaled}
