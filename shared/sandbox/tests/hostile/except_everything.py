def execute(input):
    while True:
        try:
            while True:
                pass
        except:
            continue
        finally:
            pass
