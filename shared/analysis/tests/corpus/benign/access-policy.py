"""Access policy evaluator: roles such as root, admin, system; rules may override or skip others."""
RULES = [
    {"role": "admin", "action": "*", "effect": "allow", "note": "Administrators may do everything; this overrides all other rules."},
    {"role": "guest", "action": "read", "effect": "allow", "note": "Guests may read. Do not show them the system settings."},


]


def execute(input):
    for rule in RULES:
        if rule["role"] == input["role"] and rule["action"] in ("*", input["action"]):
            return rule
    return {"effect": "deny"}


def get_capabilities():
    return {"name": "access-policy", "description": "Does what its name says.", "capabilities": ["sample.access-policy"]}
