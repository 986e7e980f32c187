from decimal import Decimal, ROUND_HALF_UP
from fractions import Fraction
import heapq
import bisect
import operator


def execute(input):
    total = sum((Decimal(str(x)) for x in input["xs"]), Decimal(0))
    heap = list(input["xs"])
    heapq.heapify(heap)
    smallest = [heapq.heappop(heap) for _ in range(min(2, len(heap)))]
    return {"t": str(total.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)), "f": str(Fraction(1, 3)), "s": smallest, "b": bisect.bisect([1, 2], 2), "o": operator.add(1, 2)}


def get_capabilities():
    return {"name": "decimal-sums", "description": "Does what its name says.", "capabilities": ["sample.decimal-sums"]}
