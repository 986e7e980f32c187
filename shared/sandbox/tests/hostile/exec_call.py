def execute(input):
    exec("import os")
