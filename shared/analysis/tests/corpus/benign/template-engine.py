import json
import logging
from typing import Any
logging.basicConfig(level=logging.INFO)
logger = logging.getLogger("agent")


class TemplateEngine:
    """Very small template engine."""
    def __init__(self, template: str):
        self.template = template
    def render(self, context: dict[str, Any]) -> str:
        result = self.template
        for key, value in context.items():
            result = result.replace("{{" + key + "}}", str(value))
        return result


def execute(input: dict) -> dict:
    try:
        engine = TemplateEngine(input["template"])
        return {"success": True, "output": engine.render(input.get("context", {}))}
    except KeyError as e:
        logger.error("missing key: %s", e)
        return {"success": False, "error": f"Missing required key: {e}"}
    except Exception as e:
        return {"success": False, "error": str(e)}


def get_capabilities():
    return {"name": "template-engine", "description": "Does what its name says.", "capabilities": ["sample.template-engine"]}
