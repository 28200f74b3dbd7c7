def f(x):
    if x:
        for i in x:
            while i:
                if i == 2:
                    return "deep"
                i -= 1
    # between
    return "out"
print(f([1]), f([2]), f([]))
