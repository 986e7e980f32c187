execute = 5
