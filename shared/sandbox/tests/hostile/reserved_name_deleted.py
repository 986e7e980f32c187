def execute(input):
    global __tdev_bounded
    del __tdev_bounded
