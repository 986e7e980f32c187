import random
import string
import statistics
import textwrap
import hashlib
import time
import logging
import copy
import uuid
from operator import itemgetter
logger = logging.getLogger(__name__)


def execute(input):
    random.seed(42)
    data = copy.deepcopy(input["values"])
    logger.info("values %s", data)
    rows = sorted([{"a": 2}, {"a": 1}], key=itemgetter("a"))
    return {"mean": statistics.mean(data), "pick": random.choice(data), "id": hashlib.sha256(b"x").hexdigest(), "rows": rows, "t": textwrap.fill("a b c", 10), "abc": string.ascii_lowercase}


def get_capabilities():
    return {"name": "stdlib", "description": "Does what its name says.", "capabilities": ["sample.stdlib"]}
