"""Inventory reorder agent."""


def execute(input):
    stock = dict(input["stock"])
    orders = []
    while stock:
        name, quantity = stock.popitem()
        if quantity < 5:
            orders.append({"item": name, "order": 20 - quantity})
    return {"orders": sorted(orders, key=lambda o: o["item"])}


def get_capabilities():
    return {"name": "reorder-stock", "description": "Does what its name says.", "capabilities": ["sample.reorder-stock"]}
