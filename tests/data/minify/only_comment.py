# nothing here
    # at all
