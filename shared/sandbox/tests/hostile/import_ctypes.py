import ctypes


def execute(input):
    return ctypes.CDLL(None)
