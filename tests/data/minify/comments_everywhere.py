# first

x = 1  # one
    # indented more than it should be
if x:  # two
        # three
    print("# not a comment")  # four
# five
    print('#' "#", x)  # six
# last
