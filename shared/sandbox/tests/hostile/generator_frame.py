def execute(input):
    gen = (n for n in [1])
    return str(gen.gi_frame.f_back.f_globals)
