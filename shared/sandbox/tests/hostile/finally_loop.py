def execute(input):
    try:
        while True:
            pass
    finally:
        while True:
            pass
