n = 0
def f():
    global n
    n += 1
    m = 1
    def g():
        nonlocal m
        m += 1
        return m
    return g ( )
print(f(), n)
