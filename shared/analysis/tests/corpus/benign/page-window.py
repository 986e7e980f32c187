def execute(input):
    total_pages = (input["total"] + 9) // 10
    page = input.get("page", 1)
    window = [p for p in range(page - 2, page + 3) if 1 <= p <= total_pages]
    return {"pages": window, "has_next": page < total_pages, "url": "/items?page={}".format(page + 1), "api": "https://api.example.com/v1/items"}


def get_capabilities():
    return {"name": "page-window", "description": "Does what its name says.", "capabilities": ["sample.page-window"]}
