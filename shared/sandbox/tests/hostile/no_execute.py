def get_capabilities():
    return {}
