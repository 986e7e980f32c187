import math


def execute(input):
    return math.factorial(10**7)
